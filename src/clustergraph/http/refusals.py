"""What the serving process itself has to say to a client."""

from __future__ import annotations

from html import escape

from clustergraph.http.cache import Lines
from clustergraph.protocol import problems

__all__ = ["document", "page"]


def document(
    status: int, title: str, detail: str, accept: bytes, lines: Lines | None = None
) -> tuple[int, Lines, bytes]:
    """Return status, headers and body of a refusal: a problem document (RFC 9457), or text.

    Args:
        status: the HTTP status.
        title: what kind of problem it is, the same at each occurrence.
        detail: what is wrong this time, and what to do about it.
        accept: the Accept header; text is for clients that would rather have it than JSON.
        lines: further headers.
    """
    said = problems.document(status, title, detail, accept.decode("latin-1"))
    assert isinstance(said.body, bytes)  # noqa: S101 - it is no stream
    head = [(name.lower().encode(), value.encode()) for name, value in said.headers]
    head += [(b"access-control-allow-origin", b"*"), (b"content-length", b"%d" % len(said.body))]
    return status, [*head, *(lines or [])], said.body


def page(
    status: int, title: str, detail: str, _accept: bytes, lines: Lines | None = None
) -> tuple[int, Lines, bytes]:
    """Return a refusal for people whom no worker could show a page; see `document`."""
    body = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · clustergraph</title></head>\n"
        f"<body><main><h1>{escape(title)}</h1>\n<p>{escape(detail)}</p></main></body></html>\n"
    ).encode()
    head = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'self'"),
        (b"content-length", b"%d" % len(body)),
    ]
    return status, [*head, *(lines or [])], body
