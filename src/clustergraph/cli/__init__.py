"""The command line.

Exit codes: 0 all well; 1 findings, or bad cells; 2 bad usage or unreadable input; 3 an internal
fault; 130 interrupted.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence

import click

# Importing a module of commands adds them to the group.
from clustergraph.cli import (  # noqa: F401
    asking,
    checking,
    checkup,
    completing,
    reasoning,
    serving,
    statistics,
    stores,
)
from clustergraph.cli.completing import VARIABLE
from clustergraph.cli.root import cli
from clustergraph.errors import ClusterGraphError, TablesError
from clustergraph.terminal import harmless

__all__ = ["cli", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        arguments: what follows the program's name; the process's own by default.
    """
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments), arguments is None))


def _run(arguments: list[str], own_process: bool) -> int:
    """Run a command, which may give up rights for good if the process ends with it."""
    try:
        if VARIABLE in os.environ:
            cli.main(arguments, prog_name="clustergraph")
        # Not cli.main(): it gives a closed pipe the code 1, which here means findings.
        with cli.make_context("clustergraph", list(arguments), obj=own_process) as context:
            cli.invoke(context)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as request:
        return request.exit_code
    except SystemExit as request:
        return request.code if isinstance(request.code, int) else 0
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, click.Abort):
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except TablesError as error:
        click.echo(harmless(str(error)), err=True)
        return 1
    except ClusterGraphError as error:
        click.echo(harmless(f"clustergraph: {error}"), err=True)
        return 2
    except Exception as error:
        if "--debug" in arguments:
            raise
        click.echo(
            f"clustergraph: internal fault: {type(error).__name__}: {error}\n"
            "This is a mistake in clustergraph, not in what you asked. Please report it with the "
            f"command and the output of:\n  clustergraph --debug {shlex.join(arguments)}",
            err=True,
        )
        return 3
