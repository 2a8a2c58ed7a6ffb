"""What pages are made of beside Python: templates, and the queries in ``sparql/``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

__all__ = ["environment", "macros", "query"]

_HERE: Final = Path(__file__).parent


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
    found.filters["plain"] = _plain
    found.filters["tenth"] = lambda value: f"{value:.1f}".removesuffix(".0")
    found.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return found


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has a value (for the parameters of addresses)."""
    return {key: value for key, value in values.items() if value not in (None, "", [], ())}


@cache
def macros(template: str) -> Any:
    """Return the macros of a template, to be called; each returns markup."""
    return environment().get_template(template).module


@cache
def query(name: str) -> str:
    """Return the text of a query that pages ask; ``$name`` in it stands for a term."""
    return (_HERE / "sparql" / f"{name}.rq").read_text(encoding="utf-8").rstrip()
