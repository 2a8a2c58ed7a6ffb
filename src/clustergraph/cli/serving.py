"""The command ``serve``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from clustergraph.cli.root import cli, open_engine, progress
from clustergraph.errors import UnreadableInputError, UsageError
from clustergraph.settings import DEFAULT_HOST, DEFAULT_PORT

__all__: list[str] = []

_TOKEN: str = "CLUSTERGRAPH_TOKEN"  # noqa: S105 - the name of a variable


@cli.command()
@click.option(
    "--store",
    metavar="DIR|ADDRESS",
    help="Serve the graph in DIR, or that of the SPARQL server at an http(s) ADDRESS.",
)
@click.option(
    "--update-address",
    metavar="ADDRESS",
    help="Where that server takes updates, if not where it answers queries.",
)
@click.option(
    "--graph-store-address",
    metavar="ADDRESS",
    help="Where that server takes whole graphs (graph store protocol).",
)
@click.option("--bare", is_flag=True, help="Make a new graph in DIR empty, without shipped data.")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Holds the token that writes need (Authorization: Bearer …); else {_TOKEN}. Without a "
    "token nobody may write.",
)
@click.option(
    "--default-graph",
    type=click.Choice(["union", "own"]),
    default="union",
    show_default=True,
    help="What a query's default graph is: the union of all graphs, or the default graph itself.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Processes that evaluate queries.  [default: one per core]",
)
@click.option(
    "--query-timeout-s",
    type=click.FloatRange(0.1, 86400),
    default=30.0,
    show_default=True,
    help="Time limit of a query, in seconds; a request may set a shorter one (?timeout=5).",
)
@click.option(
    "--write-timeout-s",
    type=click.FloatRange(0.1, 86400),
    default=300.0,
    show_default=True,
    help="Time limit of an update or an upload, in seconds.",
)
@click.option(
    "--write-wait-s",
    type=click.FloatRange(0.1, 86400),
    default=30.0,
    show_default=True,
    help="How long a write may wait for others before it is refused, in seconds.",
)
@click.option(
    "--max-result-bytes",
    type=click.IntRange(1000),
    default=1 << 30,
    show_default=True,
    help="Longest answer; a longer one is broken off.",
)
@click.option(
    "--max-query-bytes",
    type=click.IntRange(100, 10_000_000),
    default=100_000,
    show_default=True,
    help="Longest query or update.",
)
@click.option(
    "--max-upload-bytes",
    type=click.IntRange(1000),
    default=1 << 30,
    show_default=True,
    help="Longest upload, as sent and when decompressed.",
)
@click.option(
    "--query-limit",
    type=click.IntRange(1),
    default=512,
    show_default=True,
    help="Requests that may wait for a worker; further ones are refused at once.",
)
@click.option(
    "--client-limit",
    type=click.IntRange(0),
    default=256,
    show_default=True,
    help="Requests that one address may have open; 0 sets no limit, for a proxy in front.",
)
@click.option(
    "--worker-memory-mb",
    type=click.IntRange(700),
    default=1024,
    show_default=True,
    help="Address space of each worker.",
)
@click.option(
    "--cache-mb",
    type=click.IntRange(0),
    default=64,
    show_default=True,
    help="Room for whole answers in memory.",
)
@click.option(
    "--allow-service",
    multiple=True,
    metavar="ADDRESS",
    help="Let queries ask this endpoint (SERVICE); an address that ends in * admits all that start "
    "like it. May be repeated.",
)
@click.option(
    "--allow-load",
    multiple=True,
    metavar="ADDRESS",
    help="Let updates load this file (LOAD); as --allow-service.",
)
@click.option(
    "--max-validate-bytes",
    type=click.IntRange(1000),
    default=16 << 20,
    show_default=True,
    help="Longest content that /validate takes, as sent and when decompressed.",
)
@click.option(
    "--no-validate-writes",
    is_flag=True,
    help="Take writes whatever the shapes say; else one that adds a violation is refused.",
)
@click.option(
    "--shapes",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="Judge writes, and data sent to /validate, by the shapes of this file or directory.  "
    "[default: the shipped ones]",
)
@click.option(
    "--no-inference",
    is_flag=True,
    help="Hold nothing but what is stated: what follows from it is not inferred, and what was "
    "inferred goes with the next write.",
)
@click.option(
    "--no-prepare",
    is_flag=True,
    help="Do not work out ahead what pages need of the whole graph (search index, counts, "
    "findings): whoever asks first waits for it.",
)
@click.option(
    "--access-log",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write a JSON object a line for each request; '-' is standard output.",
)
@click.option("--log-queries", is_flag=True, help="Let the log hold what was asked.")
def serve(store: str | None, bare: bool, host: str, port: int, **given: Any) -> None:
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
    from clustergraph.http.options import Options
    from clustergraph.http.server import create_front, create_remote_front, listen, run
    from clustergraph.quadstore import Engine, build, is_store

    remote = store is not None and store.lower().startswith(("http://", "https://"))
    addresses = _addresses(store if remote else None, bare, given)
    if bare and store is None:
        raise UsageError("--bare makes a new graph: say where, with --store DIR")
    options = Options(
        query_timeout_s=given["query_timeout_s"],
        write_timeout_s=given["write_timeout_s"],
        write_wait_s=given["write_wait_s"],
        max_result_bytes=given["max_result_bytes"],
        max_query_bytes=given["max_query_bytes"],
        max_upload_bytes=given["max_upload_bytes"],
        workers=given["workers"] or max(2, os.cpu_count() or 1),
        queue=given["query_limit"],
        queries_per_client=given["client_limit"],
        worker_memory_bytes=given["worker_memory_mb"] << 20,
        cache_bytes=given["cache_mb"] << 20,
        default_graph=given["default_graph"],
        allow_service=given["allow_service"],
        allow_load=given["allow_load"],
        token=_token(given["token_file"]),
        access_log=given["access_log"],
        log_queries=given["log_queries"],
        writable=store is not None,
        remote=remote,
        max_validate_bytes=given["max_validate_bytes"],
        validate_writes=not given["no_validate_writes"],
        inference=not given["no_inference"],
        prepare=not given["no_prepare"],
        shapes=given["shapes"],
        update_address=addresses.get("update_address"),
        graph_store_address=addresses.get("graph_store_address"),
    )
    _warn(options.allow_service, options.allow_load)
    with listen(host, port) as socket:
        if remote and store is not None:
            run(create_remote_front(store, options), socket, _tell)
            return
        directory = None if store is None else Path(store)
        if bare and directory is not None and not is_store(directory):
            with progress("making the graph"):
                build(directory, lambda: ())
            engine = Engine(directory)
        else:
            engine = open_engine(directory, create=True, inference=options.inference)
        if directory is None:
            from clustergraph.shacl.shipped import keep

            # Workers, whose memory is limited, could not put it together for the pages on quality.
            with progress("noting which cell states what (once)"):
                keep()
        # Only workers read it; this process keeps it from being removed.
        engine.shut()
        run(create_front(engine.directory, options), socket, _tell)


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _addresses(remote: str | None, bare: bool, given: dict[str, Any]) -> dict[str, str | None]:
    """Return the further addresses of another server, checked before anything is started."""
    names = ("update_address", "graph_store_address")
    if remote is None:
        if any(given[name] for name in names):
            raise UsageError("these addresses are another server's: say which, --store https://…")
        return {}
    if bare or given["default_graph"] == "own":
        option = "--bare" if bare else "--default-graph own"
        raise UsageError(f"{option} is about a graph in a directory: that server decides it")
    from clustergraph.quadstore.transport import credentials_from, split_address

    split_address(remote)
    credentials_from(os.environ)
    # One name and one password let us in everywhere: those of --store. No others reach a worker.
    return {name: given[name] and split_address(given[name])[0] for name in names}


def _warn(services: Sequence[str], loads: Sequence[str]) -> None:
    """Tell of addresses that would admit nothing: whoever gave them expects otherwise."""
    from clustergraph.sparql.addresses import idle

    for option, entries in (("--allow-service", services), ("--allow-load", loads)):
        for entry in entries:
            if reason := idle(entry):
                _tell(f"clustergraph: {option} {entry} admits nothing: {reason}")


def _token(path: Path | None) -> str:
    if path is None:
        return os.environ.get(_TOKEN, "").strip()
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UnreadableInputError(str(path), reason) from error
    if not token:
        raise UnreadableInputError(str(path), "holds no token")
    return token
