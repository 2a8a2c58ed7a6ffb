"""The settings of ``clustergraph serve``, each declared once.

`Options` is the table: a field's metadata hold its option, help and bounds; its environment
variable and its line in docs/service.md follow from them. The command line is made from it
(`clustergraph.cli.serving`), and a test compares the documentation.
"""

# ruff: noqa: RUF009 - a field is a description of a setting, made by a function

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal

from clustergraph.settings import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_PUBLISHER,
    MAX_NESTING,
    MAX_QUERY_BYTES,
)

_PREFIX: Final = "CLUSTERGRAPH_"
MIN_TOKEN_CHARACTERS: Final = 16
"""Shortest token that is accepted."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: of the field in `Options`.
        option: on the command line.
        variable: in the environment; the command line wins.
        kind: of the value.
        default: what holds where nothing is given.
        help: what it does, in a sentence.
        metavar: what stands for the value in the help; empty: the kind says it.
        low: least value; None: any.
        high: greatest value; None: any.
        choices: all values; empty: any.
        shown_default: the default in words, where the value does not say it.
    """

    name: str
    option: str
    variable: str
    kind: Literal["flag", "integer", "number", "text", "path", "list"]
    default: Any
    help: str
    metavar: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    shown_default: str = ""


def _setting(
    help: str,  # noqa: A002 - the name that click uses
    kind: str = "text",
    default: Any = None,
    option: str = "",
    **more: Any,
) -> Any:
    return field(default=default, metadata={"help": help, "kind": kind, "option": option, **more})


@dataclass(frozen=True, slots=True)
class Options:
    """What an operator decides about the service. Names carry their units."""

    store: str | None = _setting(
        "Serve the graph in DIR, or that of the SPARQL server at an http(s) ADDRESS.",
        metavar="DIR|ADDRESS",
        shown_default="the shipped graph, read-only",
    )
    update_address: str | None = _setting(
        "Where that server takes updates, if not where it answers queries.", metavar="ADDRESS"
    )
    graph_store_address: str | None = _setting(
        "Where that server takes whole graphs (graph store protocol).", metavar="ADDRESS"
    )
    bare: bool = _setting(
        "Make a new graph in DIR empty, without shipped data; writes are validated only with "
        "--shapes.",
        "flag",
        default=False,
    )
    host: str = _setting("Address to listen on.", default=DEFAULT_HOST)
    port: int = _setting(
        "Port to listen on; 0 takes a free one.", "integer", DEFAULT_PORT, low=0, high=65535
    )
    public_address: str | None = _setting(
        "Address under which clients reach the service, with any path prefix: links and redirects "
        "start with it instead of the Host header.",
        metavar="ADDRESS",
    )
    token_file: Path | None = _setting(
        "Holds the token that writes need (Authorization: Bearer …), of at least "
        f"{MIN_TOKEN_CHARACTERS} characters; else CLUSTERGRAPH_TOKEN holds it. Without a token "
        "nobody may write.",
        "path",
        metavar="FILE",
    )
    metrics_token_file: Path | None = _setting(
        "Holds the token that /metrics needs; else CLUSTERGRAPH_METRICS_TOKEN holds it, else it is "
        "the token of writes. Without a token there are no metrics.",
        "path",
        metavar="FILE",
    )
    default_graph: Literal["union", "own"] = _setting(
        "What a query's default graph is: the union of all graphs, or the default graph itself.",
        default="union",
        choices=("union", "own"),
    )
    workers: int | None = _setting(
        "Processes that evaluate queries.",
        "integer",
        low=1,
        high=256,
        shown_default="one per core, at least 2",
    )
    query_timeout_s: float = _setting(
        "Time limit of a query, in seconds; a request may set a shorter one (?timeout=5).",
        "number",
        30.0,
        low=0.1,
        high=86400,
    )
    write_timeout_s: float = _setting(
        "Time limit of an update or an upload, in seconds.", "number", 300.0, low=0.1, high=86400
    )
    write_wait_s: float = _setting(
        "How long a write may wait for others before it is refused, in seconds.",
        "number",
        30.0,
        low=0.1,
        high=86400,
    )
    max_result_bytes: int = _setting(
        "Longest response body; a longer one is aborted.", "integer", 1 << 30, low=1000
    )
    max_query_bytes: int = _setting(
        "Longest query or update.", "integer", MAX_QUERY_BYTES, low=100, high=10_000_000
    )
    max_upload_bytes: int = _setting(
        "Longest upload, as sent and when decompressed.", "integer", 1 << 30, low=1000
    )
    max_validate_bytes: int = _setting(
        "Longest content that /validate takes, as sent and when decompressed.",
        "integer",
        16 << 20,
        low=1000,
    )
    query_limit: int = _setting(
        "Requests that may wait for a worker; further ones are refused at once.",
        "integer",
        512,
        low=1,
    )
    client_limit: int = _setting(
        "Requests that one address may have open, and half of the connections; 0 sets no limit, "
        "for a proxy in front.",
        "integer",
        256,
        low=0,
    )
    worker_memory_mb: int = _setting("Address space of each worker.", "integer", 1024, low=700)
    cache_mb: int = _setting("Memory for complete responses.", "integer", 64, low=0)
    allow_service: tuple[str, ...] = _setting(
        "Let queries call this endpoint (SERVICE); an address that ends in * admits all that start "
        "with it. May be repeated.",
        "list",
        (),
        metavar="ADDRESS",
    )
    allow_load: tuple[str, ...] = _setting(
        "Let updates load this file (LOAD); as --allow-service.", "list", (), metavar="ADDRESS"
    )
    validate_writes: bool = _setting(
        "Accept writes whatever the shapes say; else one that adds a violation is refused.",
        "flag",
        default=True,
        option="--no-validate-writes",
    )
    shapes: Path | None = _setting(
        "Validate writes, and data sent to /validate, with the shapes of this file or directory.",
        "path",
        metavar="PATH",
        shown_default="the shipped shapes",
    )
    regions: Path | None = _setting(
        "Boundaries of regions for maps: GeoJSON with NUTS codes, in longitude and "
        "latitude, of at most 64 MB; without it, regions are circles.",
        "path",
        metavar="FILE",
    )
    inference: bool = _setting(
        "Keep only what is stated: nothing is inferred, and what was inferred is removed by the "
        "next write.",
        "flag",
        default=True,
        option="--no-inference",
    )
    prepare: bool = _setting(
        "Do not compute ahead what pages need of the whole graph (search index, counts): the first "
        "request waits for it.",
        "flag",
        default=True,
        option="--no-prepare",
    )
    access_log: Path | None = _setting(
        "Write a JSON object a line for each request; '-' is standard output.",
        "path",
        metavar="FILE",
    )
    log_queries: bool = _setting(
        "Include queries and updates in the access log.", "flag", default=False
    )
    publisher: str = _setting(
        "Who publishes the service, as pages, citations and the catalogue name it.",
        default=DEFAULT_PUBLISHER,
        metavar="NAME",
    )
    contact: str | None = _setting(
        "E-mail address for questions; facts on pages get links that report errors to it.",
        metavar="ADDRESS",
    )
    report_address: str | None = _setting(
        "Where errors are reported instead, such as an issue tracker: a web address in which "
        "{title}, {body}, {thing}, {property}, {value} and {source} are filled in.",
        metavar="ADDRESS",
    )
    legal_file: Path | None = _setting(
        "Plain text that the page on legal matters and privacy shows; an empty line separates "
        "paragraphs, and a line that starts with # is a heading.",
        "path",
        metavar="FILE",
        shown_default="a general statement",
    )

    # Not settings of the command line: limits for tests and benchmarks, and what follows from the
    # settings.
    token: str = ""
    metrics_token: str = ""
    legal: str = ""
    trusted_proxies: tuple[str, ...] = ()
    max_nesting: int = MAX_NESTING
    max_head_bytes: int = 64 << 10
    head_timeout_s: float = 10.0
    stall_timeout_s: float = 30.0
    slots: int = 8
    long_after_s: float = 0.5
    writer_memory_bytes: int = 4 << 30

    @property
    def remote(self) -> bool:
        """Whether the graph is another server's."""
        return self.store is not None and self.store.lower().startswith(("http://", "https://"))

    @property
    def max_form_bytes(self) -> int:
        """Longest body with a query: percent-encoding may quadruple it."""
        return 4 * self.max_query_bytes

    @property
    def takes_writes(self) -> bool:
        """Whether writes are possible: without a token nobody can write."""
        return self.store is not None and bool(self.token)


def settings() -> list[Setting]:
    """Return all settings, in the order of the help."""
    found = []
    for one in fields(Options):
        if "help" not in one.metadata:
            continue
        meta = dict(one.metadata)
        option = meta.pop("option") or "--" + one.name.replace("_", "-")
        variable = _PREFIX + option.removeprefix("--").replace("-", "_").upper()
        found.append(Setting(one.name, option, variable, default=one.default, **meta))
    return found


def documentation() -> str:
    """Return the table of settings for docs/service.md, in Markdown."""
    lines = [
        "| option | environment variable | default | what it does |",
        "| --- | --- | --- | --- |",
    ]
    for one in settings():
        value = f" {one.metavar}" if one.metavar else ""
        lines.append(f"| `{one.option}{value}` | `{one.variable}` | {_shown(one)} | {one.help} |")
    return "\n".join(lines) + "\n"


def _shown(one: Setting) -> str:
    if one.shown_default:
        return one.shown_default
    if one.kind == "flag":
        return "off"
    if one.default is None or one.default == ():
        return "none"
    return f"`{one.default}`"
