"""docs/architecture.md names functions that exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import clustergraph

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FUNCTIONS = re.findall(r"`(clustergraph(?:\.\w+)+):([\w.]+)`", PAGE)


def test_page_has_five_walkthroughs() -> None:
    """A query, a page, an update, a validation and a row of a table are followed."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    assert len(sections) == 5
    assert all(len(re.findall(r"`clustergraph\.", section)) >= 3 for section in sections)


@pytest.mark.parametrize(("module", "name"), FUNCTIONS, ids=[":".join(one) for one in FUNCTIONS])
def test_function_exists(module: str, name: str) -> None:
    """Each function that a walkthrough names is there, and says what it does."""
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert found.__doc__


def test_a_query_takes_few_functions() -> None:
    """Between the route and the engine a query passes through at most eight functions."""
    section = PAGE[PAGE.index("## A query") : PAGE.index("## A page")]
    names = re.findall(r"`clustergraph[\w.]+:([\w.]+)`", section)
    assert names.index("StoreEngine.query") - names.index("resolve") <= 8


def test_all_packages_are_listed() -> None:
    """The table of packages has each of them."""
    package = Path(clustergraph.__file__).parent
    present = {path.parent.name for path in package.glob("*/__init__.py")}
    assert present <= set(re.findall(r"`(\w+)`", PAGE))
