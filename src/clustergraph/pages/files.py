"""Files that pages need: styles, scripts, pictures. Their addresses change with their content."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clustergraph.errors import UnknownNameError
from clustergraph.protocol import Response

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["address", "show", "text"]

_STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# A year: as good as for ever, since another content has another address.
_FOR_EVER: Final = "public, max-age=31536000, immutable"


def address(name: str) -> str:
    """Return the path of a file; all share a version, so that scripts can name each other."""
    return f"/static/{_version()}/{name}"


def show(visit: Visit) -> Response:
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
    return {
        path.relative_to(_STATIC).as_posix(): path
        for path in sorted(_STATIC.rglob("*"))
        if path.suffix in _TYPES
    }


@cache
def _version() -> str:
    digest = sha256()
    for name, path in _known().items():
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
