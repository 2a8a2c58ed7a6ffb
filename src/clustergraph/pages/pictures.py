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

from clustergraph.pages import files
from clustergraph.protocol import Response

if TYPE_CHECKING:
    from clustergraph.pages.words import Words

__all__ = [
    "Entry", "Picture", "document", "fitted", "limits_text", "linked", "readable", "shorten",
]  # fmt: skip

_LETTER: Final = 7.5
_ROW: Final = 20
_MARGIN: Final = 16
_TITLE_LETTER, _TITLE_ROW = 8.2, 22
# The rules of the shades and series, which tables and keys of legends share.
_SHADE: Final = re.compile(r"^\.[rs][\du] \{.*\}$", re.MULTILINE)
_LINK: Final = re.compile(r"</?a\b[^>]*>")
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
        entries = Markup().join(
            Markup('<li><span class="swatch {}"></span>{}</li>').format(entry.style, entry.text)
            if entry.style
            else Markup("<li>{}</li>").format(entry.text)
            for entry in self.legend
        )
        return Markup(
            '<svg class="{} picture" viewBox="0 0 {:.0f} {:.0f}" role="group"'
            ' aria-labelledby="{}-title {}-desc"><title id="{}-title">{}</title>'
            '<desc id="{}-desc">{}</desc>{}</svg>{}{}'
        ).format(
            self.kind, self.width, self.height, self.key, self.key, self.key, self.title, self.key,
            self.description, self.body,
            Markup('<ul class="legend">{}</ul>').format(entries) if entries else "",
            Markup('<p class="note">{}</p>').format(self.note) if self.note else "",
        )  # fmt: skip


def document(picture: Picture, notes: Iterable[str]) -> Response:
    """Return a picture as an SVG document of its own, which other sites may embed.

    Args:
        picture: what to show.
        notes: source, licence and limitations, written below it.
    """
    width = picture.width + 2 * _MARGIN
    head = _lines(picture.title, picture.width, _TITLE_LETTER)
    below = [picture.note, *notes] if picture.note else notes
    foot = [line for note in below for line in _lines(note, picture.width)]
    top = _MARGIN + _TITLE_ROW * len(head) + 6
    explained, taken = _legend(picture.legend, picture.height + 8, picture.width)
    bottom = top + picture.height + taken + 16
    height = bottom + 16 * len(foot) + _MARGIN
    texts = [
        Markup('<text class="title" x="{}" y="{}">{}</text>').format(
            _MARGIN, _MARGIN + _TITLE_ROW * index + 16, line
        )
        for index, line in enumerate(head)
    ] + [
        Markup('<text class="foot" x="{}" y="{:.0f}">{}</text>').format(
            _MARGIN, bottom + 16 * index + 12, line
        )
        for index, line in enumerate(foot)
    ]
    style = _style()
    body = (
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" width="{:.0f}" height="{:.0f}"'
            ' viewBox="0 0 {:.0f} {:.0f}" role="img" aria-labelledby="title desc">'
            '<title id="title">{}</title><desc id="desc">{}</desc>'
        ).format(width, height, width, height, picture.title, picture.description)
        + Markup(f"<style><![CDATA[{style}]]></style>")  # noqa: S704 - our own file
        + Markup('<rect class="paper" width="100%" height="100%"/>{}').format(Markup().join(texts))
        + Markup('<g class="{} picture" transform="translate({} {})">{}{}</g></svg>').format(
            picture.kind,
            _MARGIN,
            top,
            Markup(_LINK.sub("", picture.body)),  # noqa: S704 - escaped already
            explained,
        )
    )
    digest = b64encode(sha256(style.encode()).digest()).decode()
    head_lines = [
        ("Content-Type", "image/svg+xml"),
        ("Content-Security-Policy", _POLICY.format(digest=digest)),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Cache-Control", "no-cache"),
    ]
    return Response(200, head_lines, str(body).encode(), cacheable=True)


@cache
def _style() -> str:
    """Return the light palette of the pages, and how pictures are drawn with it."""
    sheet = files.text("style.css")
    palette = sheet[sheet.index(":root {") : sheet.index("}") + 1]
    shades = _SHADE.findall(sheet)
    style = "\n".join([palette, *shades, files.text("charts.css")])
    return style.replace("color-scheme: light dark", "color-scheme: light")


def _legend(entries: Iterable[Entry], top: float, room: float) -> tuple[Markup, float]:
    """Return a legend in rows, and its height."""
    x, y, shapes = 0.0, top, []
    for entry in entries:
        mark = 20.0 if entry.style else 0.0
        width = mark + _LETTER * len(entry.text) + 16
        if x and x + width > room:
            x, y = 0.0, y + _ROW
        if entry.style:
            shapes.append(
                Markup(
                    '<rect class="swatch {}" x="{:.1f}" y="{:.1f}" width="14" height="14"/>'
                ).format(entry.style, x + 0.5, y + 3.5)
            )
        shapes.append(
            Markup('<text class="axis" x="{:.1f}" y="{:.1f}">{}</text>').format(
                x + mark, y + 15, entry.text
            )
        )
        x += width
    return Markup().join(shapes), (y + _ROW - top if shapes else 0.0)


def _lines(text: str, room: float, letter: float = _LETTER) -> list[str]:
    """Return a text in lines that fit a width in pixels."""
    return textwrap.wrap(text, max(int(room / letter), 10))


def shorten(name: str, most: int) -> str:
    """Return a name cut to a number of characters."""
    return name if len(name) <= most else name[: max(most - 1, 1)].rstrip() + "…"


def fitted(name: str, room: float) -> str:
    """Return a name cut to a width in pixels."""
    return shorten(name, int(room / _LETTER))


def linked(shape: Markup, href: str, label: str) -> Markup:
    """Return a shape that leads somewhere.

    The table beside the picture has the same links: the keyboard need not pass them twice.
    """
    if not href:
        return shape
    return Markup('<a href="{}" tabindex="-1" aria-label="{}">{}</a>').format(href, label, shape)


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
