"""Headers that lead on: links (RFC 8288), and when the graph changed last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final
from urllib.parse import quote

from clustergraph.pages.visit import Visit
from clustergraph.protocol import parameters
from clustergraph.protocol.description import LICENCE
from clustergraph.protocol.preconditions import http_date
from clustergraph.sparql.results import Format

__all__ = ["LICENCE", "alternates", "header", "link", "modified", "page_number", "pages", "uri"]

_URI: Final = "/:?#[]@!$&'()*+,;=-._~%"
# Links repeat the address: a long one would make the headers many times as long.
_MOST_BYTES: Final = 4000
_LONGEST: Final = 1000
_MOST_PAGES: Final = 1_000_000


def uri(iri: str) -> str:
    """Return an IRI as a URI, which is ASCII (RFC 3987, section 3.1)."""
    return quote(iri, safe=_URI)


def link(target: str, rel: str, media_type: str = "", **more: str) -> str:
    """Return one link for a Link header."""
    parameters = {"rel": rel, **({"type": media_type} if media_type else {}), **more}
    words = "".join(f'; {name}="{value}"' for name, value in parameters.items())
    return f"<{uri(target)}>{words}"


def alternates(address: str, chosen: Format, offered: Sequence[Format]) -> list[str]:
    """Return links to the other formats of a document, each of which has a suffix."""
    return [
        link(suffixed(address, form.suffix), "alternate", form.media_type, title=form.name)
        for form in offered
        if form is not chosen
    ]


def suffixed(address: str, suffix: str) -> str:
    """Return an address with the suffix of a format at the end of its path."""
    path, mark, query = address.partition("?")
    return path + suffix + mark + query


def header(links: Iterable[str]) -> list[tuple[str, str]]:
    """Return the Link header, without the links that would make it too long."""
    kept, size = [], 0
    for one in links:
        if len(one) <= _LONGEST and size + len(one) <= _MOST_BYTES:
            kept.append(one)
            size += len(one) + 2
    return [("Link", ", ".join(kept))] if kept else []


def pages(document: str, page: int, more: bool, address: Callable[[int], str]) -> str:
    """Return, in Turtle, how the pages of a document follow each other (Hydra core vocabulary).

    Args:
        document: the whole, as a term.
        page: the number of this page, from 1.
        more: whether another follows.
        address: returns the address of a page.
    """
    here = f"<{address(page)}>"
    text = f"{document} hydra:view {here} . {here} a hydra:PartialCollectionView .\n"
    text += f"{here} hydra:first <{address(1)}> .\n"
    if page > 1:
        text += f"{here} hydra:previous <{address(page - 1)}> .\n"
    return f"{text}{here} hydra:next <{address(page + 1)}> .\n" if more else text


def page_number(visit: Visit) -> int:
    """Return the number of the page that an address asks for, from 1.

    Raises:
        RequestError: it is no such number (400).
    """
    return parameters.whole_number(visit.parameter("page", "1"), "page", _MOST_PAGES)


def modified(visit: Visit) -> list[tuple[str, str]]:
    """Return the header that says when the graph changed last, if that is known."""
    committed_at = visit.context.committed_at
    return [] if committed_at is None else [("Last-Modified", http_date(committed_at))]
