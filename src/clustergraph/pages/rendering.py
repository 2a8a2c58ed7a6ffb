"""What pages are made of beside Python: templates, queries in ``sparql/``, and static files.

The addresses of static files (styles, scripts, pictures) change with their content.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clustergraph.errors import UnknownNameError
from clustergraph.protocol import Response

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

_HERE: Final = Path(__file__).parent
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# A year: as good as for ever, since another content has another address.
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@cache
def environment() -> Environment:
    """Return the environment: everything that comes from data is escaped."""
    found = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters["python"] = _python
    found.filters["shell"] = shlex.quote
    found.filters["tenth"] = lambda value: f"{value:.1f}".removesuffix(".0")
    found.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return found


def _python(value: str | Sequence[str]) -> str:
    """Return a text or a list of texts as Python writes them; text of several lines as such."""
    if not isinstance(value, str):
        return f"[{', '.join(map(_python, value))}]"
    if "\n" not in value.strip():
        return json.dumps(value.strip(), ensure_ascii=False)
    escaped = value.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""\n{escaped}\n"""'


@cache
def macros(template: str) -> Any:
    """Return the macros of a template, to be called; each returns markup."""
    return environment().get_template(template).module


@cache
def query(name: str) -> str:
    """Return the text of a query that pages ask; ``$name`` in it stands for a term."""
    return (_HERE / "sparql" / f"{name}.rq").read_text(encoding="utf-8").rstrip()


def address(name: str) -> str:
    """Return the path of a file; all share a version, so that scripts can name each other."""
    return f"/static/{_version()}/{name}"


def static(visit: Visit) -> Response:
    """Return a file.

    Raises:
        UnknownNameError: there is none of that name.
    """
    name = visit.captured.get("name", "icon.svg")
    known = _known()
    if name not in known:
        raise UnknownNameError("file", name, list(known))
    fresh = visit.path == address(name)
    head = [
        ("Content-Type", _TYPES[known[name].suffix]),
        ("Cache-Control", _FOR_EVER if fresh else "no-cache"),
    ]
    return Response(200, head, known[name].read_bytes(), cacheable=True)


def text(name: str) -> str:
    """Return the content of a text file."""
    return _known()[name].read_text(encoding="utf-8")


@cache
def _known() -> dict[str, Path]:
    directory = _HERE / "static"
    files = sorted(path for path in directory.rglob("*") if path.suffix in _TYPES)
    return {path.relative_to(directory).as_posix(): path for path in files}


@cache
def _version() -> str:
    digest = sha256()
    for name, path in _known().items():
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
