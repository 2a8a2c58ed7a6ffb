"""The answer to a query on a map: places, or countries or regions coloured by a number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from clustergraph.pages import boundaries, europe, figures, maps

if TYPE_CHECKING:
    from clustergraph.pages.outcome import Cell, Outcome
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Visit
    from clustergraph.pages.words import Words

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
    kinds = [column.kind for column in found.columns]
    wanted = [kind for kind in ("point", "country", "region") if kind in kinds]
    if visit.parameter("picture") != KEY or KEY not in found.views or not wanted:
        return []
    t = visit.words("charts")
    at = kinds.index(wanted[0])
    number = _number(found)
    measure = t("rows") if number is None else found.columns[number].name
    if wanted[0] == "point":
        drawn = _places(t, found, at, number, measure)
    else:
        values, names = _sums(found, at, number)
        of_areas = _countries if wanted[0] == "country" else _regions
        drawn = of_areas(visit, t, values, names, measure)
    return [maps.draw(t, KEY, title or drawn["description"], **drawn)]


def _number(found: Outcome) -> int | None:
    """Return the column that holds the number to show."""
    numbers = [at for at, column in enumerate(found.columns) if column.kind == "number"]
    wanted = [at for at in numbers if found.columns[at].name == found.wanted.get("y")]
    return next(iter([*wanted, *numbers]), None)


def _sums(found: Outcome, at: int, number: int | None) -> tuple[dict[str, float], dict[str, str]]:
    """Return value and name by code; several rows of a code are added if they are counts."""
    columns = [column.name for column in found.columns]
    mixed = any(map(_UNITS.fullmatch, columns))
    name = f"{columns[at]}Name"
    label = columns.index(name) if name in columns else at
    values: dict[str, float] = {}
    names: dict[str, str] = {}
    for row in found.rows:
        code = row[at].value
        amount = 1 if number is None else row[number].number
        if code and amount is not None:
            names.setdefault(code, row[label].text or code)
            before = values.get(code, 0)
            values[code] = max(before, float(amount)) if mixed else before + float(amount)
    return values, names


def _countries(
    visit: Visit, t: Words, values: dict[str, float], names: dict[str, str], measure: str
) -> dict[str, Any]:
    names |= figures.countries(visit)
    off = ", ".join(names[code] for code in values if code not in europe.outlines())
    description = t("answer-countries", measure=measure, n=len(values), off=off)
    shown = {code: names[code] for code in values}
    return {"description": description, "values": values, "names": shown, "measure": measure}


def _regions(
    visit: Visit, t: Words, values: dict[str, float], names: dict[str, str], measure: str
) -> dict[str, Any]:
    levels = {len(code) for code in values}
    known = boundaries.shapes(visit.context.config.regions)
    shapes = {code: shape for code, shape in known.items() if len(code) in levels}
    placed = {code: figures.towns()[code][:2] for code in values if code in figures.towns()}
    dots = [
        maps.Dot(*place, f"{names[code]}: {t.number(values[code])}", "", values[code], names[code])
        for code, place in placed.items()
        if values[code] > 0 and not shapes
    ]
    drawn = sum(code in shapes for code in values) if shapes else len(dots)
    return {
        "description": t("answer-regions", measure=measure, n=drawn, all=len(values)),
        "values": values if shapes else {}, "names": names, "shapes": shapes, "dots": dots,
        "part": maps.around(placed.values()), "measure": measure, "sizes": measure,
    }  # fmt: skip


def _places(t: Words, found: Outcome, at: int, number: int | None, measure: str) -> dict[str, Any]:
    columns = found.columns
    label = next((i for i, one in enumerate(columns) if one.kind == "text"), 0)
    place = next((i for i, one in enumerate(columns) if one.name == "placeName"), None)
    together: dict[europe.Point, list[tuple[Cell, ...]]] = {}
    for row in found.rows:
        if (where := europe.point(row[at].text)) is not None:
            together.setdefault(where, []).append(row)
    dots = [
        maps.Dot(
            *where,
            ", ".join(row[label].text for row in rows[:_MOST_NAMES]),
            size=sum(1 if number is None else float(row[number].number or 0) for row in rows),
            place="" if place is None else rows[0][place].text,
        )
        for where, rows in together.items()
    ]
    n = sum(map(len, together.values()))
    return {
        "description": t("answer-places", n=n, missing=len(found.rows) - n),
        "dots": dots, "part": maps.around(together), "sizes": measure,
    }  # fmt: skip
