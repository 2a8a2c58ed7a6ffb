"""The command ``serve``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from clustergraph.cli.root import cli, open_engine, progress
from clustergraph.errors import UnreadableInputError, UsageError
from clustergraph.http.options import MIN_TOKEN_CHARACTERS, Options, Setting, settings

F = TypeVar("F", bound=Callable[..., Any])

_TOKEN: Final = "CLUSTERGRAPH_TOKEN"  # noqa: S105 - the name of a variable
_METRICS_TOKEN: Final = "CLUSTERGRAPH_METRICS_TOKEN"  # noqa: S105 - likewise
_PROXIES: Final = "FORWARDED_ALLOW_IPS"
_EMAIL: Final = re.compile(r"[\w.%+-]+@[\w-]+(\.[\w-]+)+")
_REPORT_FIELDS: Final = ("title", "body", "thing", "property", "value", "source")
_MOST_LEGAL_BYTES: Final = 50_000


def _options(command: F) -> F:
    """Add an option to a command for each setting of the service."""
    for one in reversed(settings()):
        command = click.option(
            one.option,
            one.name,
            envvar=one.variable,
            help=one.help,
            metavar=one.metavar or None,
            show_default=one.shown_default or (one.kind != "flag" and bool(one.default)),
            **_typed(one),
        )(command)
    return command


def _typed(one: Setting) -> dict[str, Any]:
    if one.choices:
        return {"type": click.Choice(one.choices), "default": one.default}
    match one.kind:
        case "flag":
            return {"is_flag": True, "default": one.default, "flag_value": not one.default}
        case "integer":
            return {"type": click.IntRange(_int(one.low), _int(one.high)), "default": one.default}
        case "number":
            return {"type": click.FloatRange(one.low, one.high), "default": one.default}
        case "path":
            return {"type": click.Path(path_type=Path, allow_dash=True)}
        case "list":
            return {"multiple": True}
        case _:
            return {"default": one.default}


def _int(value: float | None) -> int | None:
    return None if value is None else int(value)


@cli.command()
@_options
def serve(**given: Any) -> None:
    """Serve the graph as a SPARQL endpoint, until interrupted.

    The endpoint is at /sparql; the address itself says what else is there. Without --store the
    graph of the shipped data is served, read-only. With --store the graph in DIR is served, and
    takes writes at /update and /store from whoever has the token; when DIR does not exist or is
    empty, it is made from the shipped data, or empty with --bare.

    With --store https://…/sparql the same service stands in front of another SPARQL 1.1 server:
    the same guards, limits, formats and questions over its graph. What it wants to see is taken
    from the environment: CLUSTERGRAPH_REMOTE_USER and CLUSTERGRAPH_REMOTE_PASSWORD, or
    CLUSTERGRAPH_REMOTE_TOKEN.
    """
    from clustergraph.http.server import create_gateway, create_remote_gateway, reserve, run
    from clustergraph.quadstore import Engine, build, is_store
    from clustergraph.questions import catalogue

    options = _checked(Options(**given))
    # A fault in the file of a question is told now, not to whoever visits it.
    catalogue.questions()
    _warn(options.allow_service, options.allow_load)
    store = options.store
    with reserve(options.host, options.port) as held:
        if options.remote and store is not None:
            run(create_remote_gateway(store, options), held, _report)
            return
        directory = None if store is None else Path(store)
        if options.bare and directory is not None and not is_store(directory):
            with progress("making the graph"):
                build(directory, lambda: ())
            engine = Engine(directory)
        else:
            engine = open_engine(directory, create=True, inference=options.inference)
        if directory is None:
            from clustergraph.validation.whole import keep

            # Workers, whose memory is limited, could not put it together for the pages on quality.
            with progress("noting which cell states what (once)"):
                keep()
        # Only workers read it; this process keeps it from being removed.
        engine.shut()
        run(create_gateway(engine.directory, options), held, _report)


def _report(line: str) -> None:
    click.echo(line, err=True)


def _checked(options: Options) -> Options:
    """Return the options with what follows from them; refuse what does not fit together."""
    if options.bare and options.store is None:
        raise UsageError("--bare makes a new graph: say where, with --store DIR")
    if options.bare and options.shapes is None:
        # The shipped shapes are about the shipped data, not about a graph of one's own.
        options = replace(options, validate_writes=False)
    if options.shapes is not None and not options.shapes.exists():
        raise UsageError(f"--shapes {options.shapes}: no such file or directory")
    _check_addresses(options)
    if options.regions is not None:
        from clustergraph.pages.europe import prepare

        with progress("reading the boundaries of regions"):
            options = replace(options, regions=prepare(options.regions))
    proxies = os.environ.get(_PROXIES, "").replace(",", " ").split()
    options = replace(
        options,
        token=_token(options.token_file, _TOKEN),
        metrics_token=_token(options.metrics_token_file, _METRICS_TOKEN),
        legal=_text_of(options.legal_file, _MOST_LEGAL_BYTES) if options.legal_file else "",
        trusted_proxies=tuple(proxies),
    )
    if not options.remote:
        if options.update_address or options.graph_store_address:
            raise UsageError("these addresses are another server's: say which, --store https://…")
        return options
    if options.bare or options.default_graph == "own":
        option = "--bare" if options.bare else "--default-graph own"
        raise UsageError(f"{option} is about a graph in a directory: that server decides it")
    from clustergraph.quadstore.transport import credentials_from, split_address

    split_address(options.store or "")
    credentials_from(os.environ)
    # One name and one password let us in everywhere: those of --store. No others reach a worker.
    return replace(
        options,
        update_address=options.update_address and split_address(options.update_address)[0],
        graph_store_address=options.graph_store_address
        and split_address(options.graph_store_address)[0],
    )


def _check_addresses(options: Options) -> None:
    """Refuse addresses and a contact that pages could not link to."""
    from clustergraph.quadstore.transport import split_address

    address = options.public_address
    if address is not None and (
        split_address(address)[0] != address or "?" in address or "#" in address
    ):
        raise UsageError(
            f"--public-address {address}: an address such as https://example.org/graph, without "
            "name, password, query or fragment"
        )
    if options.contact and not _EMAIL.fullmatch(options.contact):
        raise UsageError(f"--contact {options.contact}: an e-mail address such as data@example.org")
    if address := options.report_address:
        names = set(re.findall(r"\{([^{}]*)\}", address))
        if not re.match(r"https?://[\w.-]", address) or not names <= set(_REPORT_FIELDS):
            known = ", ".join(f"{{{name}}}" for name in _REPORT_FIELDS)
            raise UsageError(
                f"--report-address {address}: a web address such as https://example.org/new"
                f"?title={{title}}&body={{body}}; what is filled in: {known}"
            )


def _warn(services: Sequence[str], loads: Sequence[str]) -> None:
    """Tell of addresses that would admit nothing: whoever gave them expects otherwise."""
    from clustergraph.sparql.addresses import idle

    for option, entries in (("--allow-service", services), ("--allow-load", loads)):
        for entry in entries:
            if reason := idle(entry):
                _report(f"clustergraph: {option} {entry} admits nothing: {reason}")


def _token(path: Path | None, variable: str) -> str:
    """Return a token from a file, else from the environment; empty: there is none."""
    if path is None:
        token, source = os.environ.get(variable, "").strip(), variable
    else:
        source = str(path)
        token = _text_of(path, 10_000)
        if not token:
            raise UnreadableInputError(source, "holds no token")
    if token and len(token) < MIN_TOKEN_CHARACTERS:
        raise UsageError(
            f"{source}: the token is too short to be safe; take at least {MIN_TOKEN_CHARACTERS} "
            "characters, for example from: openssl rand -hex 32"
        )
    return token


def _text_of(path: Path, most_bytes: int) -> str:
    """Return what a file holds, without space around it."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        text = content.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UnreadableInputError(str(path), reason) from error
    if len(content) > most_bytes:
        raise UnreadableInputError(str(path), f"longer than {most_bytes:,} bytes")
    return text
