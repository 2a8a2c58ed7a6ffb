"""The answer to a query on a map: places, or countries or regions coloured by a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from clustergraph.pages import boundaries, maps
from clustergraph.pages.europe import outlines, point
from clustergraph.pages.figures import countries, towns

if TYPE_CHECKING:
    from clustergraph.pages.outcome import Cell, Outcome
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Visit

__all__ = ["KEY", "mapped"]

KEY: Final = "map"
"""The key of the picture."""

# Amounts in different units must not be added; other numbers are counts.
_UNITS: Final = re.compile(r"currency(Code)?|unit")
_MOST_NAMES: Final = 20


def mapped(visit: Visit, found: Outcome, title: str) -> list[Picture]:
    """Return the map of an answer, if the address asks for it and there is one.

    Args:
        visit: who asks.
        found: the answer.
        title: what it is called.
    """
    if visit.parameter("picture") != KEY or KEY not in found.views:
        return []
    kinds = [column.kind for column in found.columns]
    if "point" in kinds:
        return [_places(visit, found, kinds.index("point"), title)]
    area = "country" if "country" in kinds else "region"
    if area not in kinds:
        return []
    return [_areas(visit, found, area, kinds.index(area), title)]


def _number(found: Outcome) -> int | None:
    """Return the column that holds the number to show."""
    numbers = [at for at, column in enumerate(found.columns) if column.kind == "number"]
    wanted = [at for at in numbers if found.columns[at].name == found.wanted.get("y")]
    return next(iter([*wanted, *numbers]), None)


def _areas(visit: Visit, found: Outcome, area: str, at: int, title: str) -> Picture:
    t = visit.words("charts")
    number = _number(found)
    values, names = _sums(found, at, number)
    measure = t("rows") if number is None else found.columns[number].name
    if area == "country":
        names = {code: name for code, name in countries(visit).items() if code in values}
        off = [names.get(code, code) for code in values if code not in outlines()]
        description = t("answer-countries", measure=measure, n=len(values), off=", ".join(off))
        return maps.draw(
            t, KEY, title or description, description, values=values, names=names, measure=measure
        )
    kept = visit.context.config.regions
    known = boundaries.shapes(kept) if kept else {}
    level = {len(code) for code in values}
    shapes = {code: shape for code, shape in known.items() if len(code) in level}
    dots = [
        maps.Dot(*towns()[code][:2], f"{names[code]}: {t.number(value)}", "", value, names[code])
        for code, value in values.items()
        if code in towns() and value > 0 and not shapes
    ]
    drawn = sum(code in shapes for code in values) if shapes else len(dots)
    description = t("answer-regions", measure=measure, n=drawn, all=len(values))
    places = [towns()[code][:2] for code in values if code in towns()]
    return maps.draw(
        t, KEY, title or description, description, values=values if shapes else {},
        names=names, shapes=shapes, dots=dots, part=maps.around(places),
        measure=measure, sizes=measure,
    )  # fmt: skip


def _sums(
    found: Outcome, at: int, number: int | None
) -> tuple[dict[str, float], Mapping[str, str]]:
    """Return value and name by code; several rows of a code are added if they are counts."""
    mixed = any(_UNITS.fullmatch(column.name) for column in found.columns)
    label = next(
        (i for i, one in enumerate(found.columns) if one.name == f"{found.columns[at].name}Name"),
        at,
    )
    values: dict[str, float] = {}
    names: dict[str, str] = {}
    for row in found.rows:
        code = row[at].value
        amount = 1 if number is None else row[number].number
        if not code or amount is None:
            continue
        names.setdefault(code, row[label].text or code)
        before = values.get(code, 0)
        values[code] = max(before, float(amount)) if mixed else before + float(amount)
    return values, names


def _places(visit: Visit, found: Outcome, at: int, title: str) -> Picture:
    t = visit.words("charts")
    number = _number(found)
    label = next((i for i, one in enumerate(found.columns) if one.kind == "text"), 0)
    place = next((i for i, one in enumerate(found.columns) if one.name == "placeName"), None)
    together: dict[tuple[float, float], list[tuple[Cell, ...]]] = {}
    for row in found.rows:
        if (where := point(row[at].text)) is not None:
            together.setdefault(where, []).append(row)
    dots = []
    for where, rows in together.items():
        size = (
            float(len(rows))
            if number is None
            else sum(float(row[number].number or 0) for row in rows)
        )
        text = ", ".join(row[label].text for row in rows[:_MOST_NAMES])
        name = "" if place is None else rows[0][place].text
        dots.append(maps.Dot(*where, text, "", size, name))
    n = sum(len(rows) for rows in together.values())
    description = t("answer-places", n=n, missing=len(found.rows) - n)
    return maps.draw(
        t, KEY, title or description, description, dots=dots, part=maps.around(together),
        sizes=t("rows") if number is None else found.columns[number].name,
    )  # fmt: skip
