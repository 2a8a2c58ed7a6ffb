"""How words are compared and sorted."""

from __future__ import annotations

import random

import pytest

from clustergraph.spelling import collation_key

CZECH = [
    "Albánie", "Arménie", "Belgie", "Bosna a Hercegovina", "Bulharsko", "celek", "cyklus",
    "Černá Hora", "Česko", "Dánsko", "Evropa", "Finsko", "Francie", "hotel", "Hradec", "Chorvatsko",
    "Irsko", "Rumunsko", "růst", "Řecko", "Slovensko", "Srbsko", "Španělsko", "Švédsko", "Turecko",
    "Ukrajina", "Zlín", "zóna", "Železný Brod",
]  # fmt: skip
ENGLISH = ["Ångström", "apple", "Åre", "Česko", "Chile", "Croatia", "Czechia", "Hungary", "zebra"]


@pytest.mark.parametrize(("language", "ordered"), [("cs", CZECH), ("en", ENGLISH)])
def test_alphabet(language: str, ordered: list[str]) -> None:
    """Names are in the order of the language's alphabet: in Czech č after c, and ch after h."""
    mixed = random.Random(7).sample(ordered, len(ordered))  # noqa: S311 - an order, no secret
    assert sorted(mixed, key=lambda name: collation_key(name, language)) == ordered


def test_accents_decide_last() -> None:
    """Words that differ only by an accent that is no letter of its own stand together."""
    names = ["pás", "pas", "pasy", "Pás"]
    assert sorted(names, key=lambda name: collation_key(name, "cs")) == [
        "pas",
        "pás",
        "Pás",
        "pasy",
    ]
