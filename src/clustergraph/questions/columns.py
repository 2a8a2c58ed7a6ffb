"""Columns of names in answers: ``?countryName`` names ``?country``, ``?name`` the first column."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["is_name", "named_by"]


def is_name(column: str) -> bool:
    """Return whether a column holds names, by its own name."""
    return column == "name" or column.endswith("Name")


def named_by(column: str, columns: Sequence[str]) -> str | None:
    """Return the column whose things a column names; None: it names none of them."""
    if column == "name":
        return columns[0] if not is_name(columns[0]) else None
    thing = column.removesuffix("Name")
    return thing if thing != column and thing in columns else None
