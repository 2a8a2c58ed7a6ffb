"""Pictures of the pages: SVG within a page, and the same as a document of its own.

A picture bears its title, a description and its legend. The document, which can be downloaded and
embedded in pages of others, adds title and source and holds its colours; nothing in it is loaded or
run. Colours are classes that ``static/charts.css`` defines.
"""

from __future__ import annotations

import re
import textwrap
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from clustergraph.pages import rendering
from clustergraph.pages.rendering import macros
from clustergraph.protocol import Response

if TYPE_CHECKING:
    from clustergraph.pages.words import Words

__all__ = ["Entry", "Picture", "document", "fitted", "limits_text", "readable", "shorten"]

_LETTER: Final = 7.5
_ROW: Final = 20
_MARGIN: Final = 16
_TITLE_LETTER, _TITLE_ROW = 8.2, 22
# The rules of the shades and series, which tables and keys of legends share.
_SHADE: Final = re.compile(r"^\.[rs][\du] \{.*\}$", re.MULTILINE)
_LINK: Final = re.compile(r"(</?)a\b[^>]*>")
# Without it an SVG document would be drawn by styles that the policy of the service forbids. It may
# be framed and embedded anywhere: it shows public data, and can neither load nor run anything.
_POLICY: Final = (
    "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors *; sandbox"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a legend.

    Attributes:
        text: what the colour stands for.
        style: the class of the colour; empty: the text is a heading.
    """

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG picture.

    Attributes:
        key: tells it from others on the page.
        kind: the class of its element, by which it is styled.
        title: what it shows.
        description: what there is to see, for those who cannot.
        width: in pixels, as it is meant to be seen.
        height: in pixels.
        body: the markup in it.
        legend: what its colours mean.
        note: a footnote that belongs to it; empty: none.
    """

    key: str
    kind: str
    title: str
    description: str
    width: float
    height: float
    body: Markup
    legend: Sequence[Entry] = ()
    note: str = ""

    def __html__(self) -> str:
        """Return the element, its legend and its note, for a template."""
        return str(macros("pictures.html").within(self))


def document(picture: Picture, notes: Iterable[str]) -> Response:
    """Return a picture as an SVG document of its own, which other sites may embed.

    Args:
        picture: what to show.
        notes: source, licence and limitations, written below it.
    """
    head = _lines(picture.title, picture.width, _TITLE_LETTER)
    below = [picture.note, *notes] if picture.note else notes
    foot = [line for note in below for line in _lines(note, picture.width)]
    top = _MARGIN + _TITLE_ROW * len(head) + 6
    legend, taken = _legend(picture.legend, picture.height + 8, picture.width)
    bottom = top + picture.height + taken + 16
    style = _style()
    body = macros("pictures.html").document(
        picture,
        body=Markup(_LINK.sub(r"\1g>", picture.body)),  # noqa: S704 - escaped already
        style=Markup(f"<style><![CDATA[{style}]]></style>"),  # noqa: S704 - our own file
        legend=legend,
        head=[(line, _MARGIN + _TITLE_ROW * index + 16) for index, line in enumerate(head)],
        foot=[(line, bottom + 16 * index + 12) for index, line in enumerate(foot)],
        margin=_MARGIN,
        top=top,
        width=picture.width + 2 * _MARGIN,
        height=bottom + 16 * len(foot) + _MARGIN,
    )
    digest = b64encode(sha256(style.encode()).digest()).decode()
    headers = [
        ("Content-Type", "image/svg+xml"),
        ("Content-Security-Policy", _POLICY.format(digest=digest)),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Cache-Control", "no-cache"),
    ]
    return Response(200, headers, str(body).encode(), cacheable=True)


@cache
def _style() -> str:
    """Return the light palette of the pages, and how pictures are drawn with it."""
    sheet = rendering.text("style.css")
    palette = sheet[sheet.index(":root {") : sheet.index("}") + 1]
    shades = _SHADE.findall(sheet)
    style = "\n".join([palette, *shades, rendering.text("charts.css")])
    return style.replace("color-scheme: light dark", "color-scheme: light")


def _legend(
    entries: Iterable[Entry], top: float, room: float
) -> tuple[list[tuple[Entry, float, float]], float]:
    """Return where each entry of a legend stands, in rows, and the height of all."""
    x, y = 0.0, top
    placed = []
    for entry in entries:
        width = (20 if entry.style else 0) + _LETTER * len(entry.text) + 16
        if x and x + width > room:
            x, y = 0.0, y + _ROW
        placed.append((entry, x, y))
        x += width
    return placed, (y + _ROW - top if placed else 0.0)


def _lines(text: str, room: float, letter: float = _LETTER) -> list[str]:
    """Return a text in lines that fit a width in pixels."""
    return textwrap.wrap(text, max(int(room / letter), 10))


def shorten(name: str, most: int) -> str:
    """Return a name cut to a number of characters."""
    return name if len(name) <= most else name[: max(most - 1, 1)].rstrip() + "…"


def fitted(name: str, room: float) -> str:
    """Return a name cut to a width in pixels."""
    return shorten(name, int(room / _LETTER))


def readable(t: Words, value: float) -> str:
    """Return a number as people read it: without the noise of binary fractions."""
    return t.number(int(value) if float(value).is_integer() else float(f"{value:.6g}"))


def limits_text(t: Words, least: float, limits: Sequence[float]) -> list[str]:
    """Return the texts of the shades of a legend, from the least value and the limits."""
    starts = [least, *limits]
    whole = all(float(start).is_integer() for start in starts)
    found = []
    for start, following in zip(starts, [*limits, None], strict=True):
        if following is None:
            found.append(f"{readable(t, start)}+")
        elif start >= following:
            found.append(f"< {readable(t, following)}")
        elif whole and following - 1 > start:
            found.append(f"{readable(t, start)}–{readable(t, following - 1)}")
        elif whole:
            found.append(readable(t, start))
        else:
            found.append(f"{readable(t, start)} – < {readable(t, following)}")
    return found
