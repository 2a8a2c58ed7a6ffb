"""A difference for people, as text, HTML or Markdown, and for programs, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final, Literal, TypeAlias, get_args

from clustergraph.rdfdiff.compare import Difference, Thing, Values
from clustergraph.terminal import harmless

DiffFormat: TypeAlias = Literal["text", "json", "html", "markdown"]
FORMATS: Final[tuple[str, ...]] = get_args(DiffFormat)
_WIDTH: Final = 160
# How much of two long values is shown before their first difference.
_CONTEXT: Final = 40


def render(
    difference: Difference,
    output: DiffFormat = "text",
    *,
    old: str = "old",
    new: str = "new",
    colour: bool = False,
) -> str:
    """Write a difference.

    Args:
        difference: what is different.
        output: the format.
        old: what the earlier graph is called.
        new: what the later graph is called.
        colour: whether the text is for a terminal that shows colours.

    Returns:
        The text, ending in a line feed.
    """
    match output:
        case "text":
            return "\n".join(_text(difference, colour)) + "\n"
        case "markdown":
            return "\n".join(_markdown(difference)) + "\n"
        case "html":
            return _html(difference, old, new)
        case "json":
            document = {"old": old, "new": new, "same": not difference, **asdict(difference)}
            return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def summary(difference: Difference) -> str:
    """Return the numbers in one line."""
    if not difference:
        return "no difference"
    parts = []
    for word, things in (
        ("added", difference.added),
        ("removed", difference.removed),
        ("changed", [change.thing for change in difference.changed]),
    ):
        claims = sum(thing.is_claim for thing in things)
        told = [
            f"{count} {noun}{'' if count == 1 else 's'}"
            for count, noun in ((len(things) - claims, "thing"), (claims, "claim"))
            if count
        ]
        if told:
            parts.append(f"{' and '.join(told)} {word}")
    count = difference.statements_added
    noun = "statement" if count == 1 else "statements"
    return f"{', '.join(parts)}; {count:,} {noun} in, {difference.statements_removed:,} out"


def _text(difference: Difference, colour: bool) -> Iterator[str]:
    def styled(text: str, code: str) -> str:
        text = harmless(text)
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    yield styled(summary(difference), "1")
    for sign, code, things in (("+", "32", difference.added), ("-", "31", difference.removed)):
        for thing in things:
            yield styled(f"{sign} {_title(thing)}", code)
            for values in thing.said:
                yield from (f"    {harmless(line)}" for line in _lines(values, plain=True))
    for change in difference.changed:
        yield styled(f"~ {_title(change.thing)}", "33")
        for values in change.values:
            yield from (f"    {harmless(line)}" for line in _lines(values))


def _title(thing: Thing) -> str:
    words = " ".join(filter(None, (thing.kind, thing.name)))
    return f"{words} ({thing.short})" if words and thing.short else words or thing.short


def _lines(values: Values, plain: bool = False) -> Iterator[str]:
    if not (values.removed or values.added):
        yield values.name
    elif plain:
        yield f"{values.name}: {_cut('; '.join(values.added or values.removed))}"
    elif len(values.removed) == len(values.added) == 1:
        gone, come = _cut_pair(values.removed[0], values.added[0])
        yield f"{values.name}: {gone} → {come}"
    else:
        yield from (f"- {values.name}: {_cut(one)}" for one in values.removed)
        yield from (f"+ {values.name}: {_cut(one)}" for one in values.added)


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _cut_pair(gone: str, come: str) -> tuple[str, str]:
    """Return two values, cut so that the first difference is in both."""
    shown = _cut(gone), _cut(come)
    if shown[0] != shown[1]:
        return shown
    gone, come = (" ".join(text.split()) for text in (gone, come))
    pairs = enumerate(zip(gone, come, strict=False))
    first = next((index for index, (one, other) in pairs if one != other), 0)
    start = max(0, first - _CONTEXT)
    return f"…{_cut(gone[start:])}", f"…{_cut(come[start:])}"


def _markdown(difference: Difference) -> Iterator[str]:
    """Yield the lines of a list in Markdown, as a page of changes wants it."""
    for heading, things in (("Added", difference.added), ("Removed", difference.removed)):
        if things:
            yield from (f"### {heading}", "")
            yield from (f"- {_mark(thing)}" for thing in things)
            yield ""
    if difference.changed:
        yield from ("### Changed", "")
        for change in difference.changed:
            yield f"- {_mark(change.thing)}"
            for values in change.values:
                for line in _lines(values):
                    told = line.replace("- ", "gone: ", 1) if line.startswith("- ") else line
                    yield "  - " + (told.replace("+ ", "new: ", 1) if told[:2] == "+ " else told)
        yield ""


def _mark(thing: Thing) -> str:
    words = " ".join(filter(None, (thing.kind, f"“{thing.name}”" if thing.name else "")))
    return ": ".join(filter(None, (thing.short and f"`{thing.short}`", words)))


def _html(difference: Difference, old: str, new: str) -> str:
    # The template engine is slow to import, and no other format needs it.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__.rpartition(".")[0], ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections: Sequence[tuple[str, str, Sequence[tuple[Thing, Sequence[Values]]]]] = (
        ("added", "Added", [(thing, thing.said) for thing in difference.added]),
        ("removed", "Removed", [(thing, thing.said) for thing in difference.removed]),
        ("changed", "Changed", [(one.thing, one.values) for one in difference.changed]),
    )
    page = environment.get_template("difference.html.j2").render(
        old=old, new=new, summary=summary(difference), sections=sections, title=_title
    )
    return page + "\n"
