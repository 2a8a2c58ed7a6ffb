"""The facts in their columns: each value stands where it belongs, with the right thing.

``test_data`` shows that no value is lost; this shows that none went astray.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

DATA: Final = Path(__file__).resolve().parents[1] / "data"
FACTS: Final = DATA.parents[1] / "shared" / "facts"

pytestmark = pytest.mark.skipif(not FACTS.is_dir(), reason=f"the fact tables are not at {FACTS}")

Row = dict[str, str]
Statement = tuple[str, ...]


@cache
def table(name: str) -> list[Row]:
    """Return the rows of a table."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def facts(name: str) -> list[Row]:
    """Return the rows of a fact table."""
    with (FACTS / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def things() -> dict[str, list[tuple[str, Row]]]:
    """Return the rows that bear a key of the fact tables, each with its table."""
    found = defaultdict(list)
    for path in sorted(DATA.glob("*.csv")):
        if path.stem != "identity":
            for row in table(path.stem):
                for key in filter(None, row.get("fact_keys", "").split("|")):
                    found[key].append((path.stem, row))
    return found


@cache
def ids() -> dict[str, str]:
    """Return the thing behind a key of the fact tables."""
    return {key: rows[0][1]["id"] for key, rows in things().items()}


# One thing, one row: fact column → column of the row that bears the key -----------------------

NAMES: Final = "name_en other_names"
ENTITIES: Final[dict[str, dict[str, str]]] = {
    "europe/clusters.csv": {
        "name_en": NAMES,
        "name_native": NAMES,
        "country": "country",
        "city": "city",
        "region": "region_name",
        "founded_year": "founded",
        "website": "website",
        "eccp_profile_url": "eccp_profile",
        "description_en": "description note",
    },
    "czech/czech_clusters.csv": {
        "name_en": NAMES,
        "name_cs": "name_cs name_en",
        "kind": "kind",
        "city": "city",
        "founded_year": "founded",
        "website": "website",
        "eccp_profile_url": "eccp_profile",
        "description_en": "description note",
    },
    "eu/organisations.csv": {
        "name_en": "name_en name_cs other_names name",
        "name_native": "name_en name_cs other_names",
        "country": "country",
        "city": "city",
        "website": "website",
    },
    "eu/ecosystems.csv": {
        "name_en": "name_en",
        "name_cs": "name_cs",
        "nace_basis": "nace_basis source_note",
        "other_figures": "note",
        "description_en": "description",
    },
    "eu/strategies.csv": {
        "name_en": "name_en",
        "adopted_date": "adopted issued",
        "valid_to": "valid_to",
        "reference": "reference",
        "celex": "celex",
        "url": "page",
        "description_en": "description",
    },
    "eu/programmes.csv": {
        "name_en": "name_en",
        "acronym": "acronym",
        "period_start": "period_start founded",
        "period_end": "period_end",
        "url": "page website",
        "description_en": "description",
    },
    "eu/initiatives.csv": {
        "name_en": "name_en other_names",
        "name_cs": "name_cs name_en other_names",
        "started": "started period_start issued valid_from year founded",
        "ended": "ended period_end valid_to",
        "website": "website page",
        "description_en": "description note",
    },
    "eu/euroclusters.csv": {
        "acronym": "acronym",
        "full_name": "name_en",
        "generation": "generation",
        "grant_agreement": "grant_agreement",
        "start": "started",
        "end": "ended",
        "website": "website",
        "notes": "note",
    },
    "eu/policy_practices.csv": {
        "name_en": "name_en",
        "name_native": "name_en other_names",
        "country": "country",
        "region": "region_name",
        "operated_by": "operator_name",
        "started": "started",
        "ended": "ended",
        "url": "page",
        "description_en": "description",
    },
    "czech/czech_policy.csv": {
        "name_en": NAMES,
        "name_cs": "name_cs name_en other_names",
        "valid_from": "valid_from period_start opens issued started founded",
        "valid_to": "valid_to period_end closes ended",
        "description_en": "description note",
    },
}


@pytest.mark.parametrize("fact_table", ENTITIES)
def test_values_stand_in_their_columns(fact_table: str) -> None:
    """What a fact says of a thing stands in the row of that thing, in the column meant for it."""
    astray = []
    for fact in facts(fact_table):
        rows = [row for _, row in things()[fact["id"]]]
        for column, homes in ENTITIES[fact_table].items():
            cells = [row.get(home, "") for row in rows for home in homes.split()]
            values = {value for cell in cells for value in (cell, *cell.split("|"))}
            value = fact[column]
            if (
                value
                and value not in values
                and not all(  # a remark in a description is a note
                    any(part in found for found in values) for part in value.rstrip(".").split("; ")
                )
                and not any(
                    found and (found.startswith(value) or value.startswith(found))
                    for found in values
                )
            ):
                astray.append((fact["id"], column, value))
    assert astray == []


@pytest.mark.parametrize("fact_table", ENTITIES)
def test_sources_stand_with_the_thing(fact_table: str) -> None:
    """Every address of a fact is a source of the row of that thing."""
    astray = []
    for fact in facts(fact_table):
        cells = (row["source"] for _, row in things()[fact["id"]])
        told = {address for cell in cells for address in cell.split("|")}
        parts = (part.split()[0].rstrip(";") for part in fact["source"].split("; ") if part.strip())
        astray += [
            (fact["id"], part) for part in parts if part.startswith("http") and part not in told
        ]
    assert astray == []


# Statements about two things or a number ------------------------------------------------------


def figure_facts() -> Iterator[Statement]:
    """Yield thing, measure, year and number of each figure of a cluster organisation."""
    measures = {
        "members_count": "members",
        "sme_count": "sme-members",
        "large_count": "large-firm-members",
        "research_count": "research-members",
        "research_members_count": "research-members",
        "employees_of_members": "members-employees",
    }
    for name, year_column in (
        ("europe/clusters.csv", "figures_year"),
        ("czech/czech_clusters.csv", "members_count_year"),
    ):
        for fact in facts(name):
            for column, measure in measures.items():
                if fact.get(column):
                    dated = year_column == "figures_year" or column == "members_count"
                    year = fact[year_column] if dated else ""
                    yield ids()[fact["id"]], measure, year, fact[column]


def amount_facts() -> Iterator[Statement]:
    """Yield thing, sum and currency of each budget."""
    for name, column, currency in (
        ("eu/programmes.csv", "budget_eur", "EUR"),
        ("eu/euroclusters.csv", "budget_eur", "EUR"),
        ("eu/euroclusters.csv", "sme_support_eur", "EUR"),
        ("eu/policy_practices.csv", "budget_eur", "EUR"),
        ("czech/czech_policy.csv", "budget", ""),
    ):
        for fact in facts(name):
            if fact[column]:
                money = currency or fact["budget_currency"]
                yield ids()[fact["id"]], fact[column], money


def award_facts() -> Iterator[Statement]:
    """Yield holder, label, date, expiry and body of each award whose holder has a key."""
    bodies = {"ESCA": "organisation/esca", "EUCLES": "organisation/eucles"}
    for fact in facts("eu/label_awards.csv"):
        if fact["holder_id"]:
            yield (
                ids()[fact["holder_id"]],
                "label/" + fact["level"].lower(),
                fact["awarded"],
                fact["valid_until"],
                bodies.get(fact["awarding_body"], ""),
            )


def region_facts() -> Iterator[Statement]:
    """Yield cluster organisation and region."""
    for name, column in (("europe/clusters.csv", "nuts"), ("czech/czech_clusters.csv", "nuts3")):
        for fact in facts(name):
            if fact[column]:
                yield ids()[fact["id"]], fact[column]


def membership_facts() -> Iterator[Statement]:
    """Yield member and body of each membership whose parties have keys."""
    for fact in facts("eu/relations.csv"):
        if fact["relation"] == "member_of":
            yield ids()[fact["subject_id"]], ids()[fact["object_id"]]
    for fact in facts("czech/czech_relations.csv"):
        subject, other = ids().get(fact["subject_id"]), ids().get(fact["object_id_or_name"])
        if subject and other:
            if fact["relation"] == "member_of":
                yield subject, other
            elif fact["relation"] == "has_member":
                yield other, subject


def participation_facts() -> Iterator[Statement]:
    """Yield partner and partnership of each partnership in the table of relations."""
    for fact in facts("eu/relations.csv"):
        subject, other = ids()[fact["subject_id"]], ids()[fact["object_id"]]
        if fact["relation"] in {"has_partner", "coordinated_by"}:
            yield other, subject
        elif fact["relation"] == "partner_of":
            yield subject, other


def link_facts() -> Iterator[Statement]:
    """Yield subject, object and year of each relation between things that have keys."""
    backwards = {
        *("operates", "awards", "runs", "wrote", "founded", "prepared", "operated", "hosts"),
        *("organised", "stands_behind", "designed", "defined", "defines", "funded", "created"),
        *("approved", "published", "initiated", "certified"),
    }
    elsewhere = {"has_partner", "partner_of", "member_of", "has_member", "partner_in"}
    elsewhere.add("split_from")  # a change of the organisation
    for name, target in (
        ("eu/relations.csv", "object_id"),
        ("czech/czech_relations.csv", "object_id_or_name"),
    ):
        for fact in facts(name):
            if fact["relation"] in elsewhere:
                continue
            pair = [ids().get(fact["subject_id"], ""), ids().get(fact[target], "")]
            if fact["relation"] in backwards:
                pair.reverse()
            if all(pair) and pair[0] != pair[1]:
                yield pair[0], pair[1], fact["year"]


STATEMENTS: Final[list[tuple[str, tuple[str, ...], Callable[[], Iterator[Statement]]]]] = [
    ("figures", ("figure_of", "measure", "year", "value"), figure_facts),
    ("amounts", ("amount_of", "value", "currency"), amount_facts),
    ("label_awards", ("holder", "label", "awarded", "expires", "awarded_by"), award_facts),
    ("region_links", ("subject", "nuts"), region_facts),
    ("memberships", ("member", "organisation"), membership_facts),
    ("participations", ("participant", "undertaking"), participation_facts),
    ("links", ("subject", "object", "year"), link_facts),
]


@pytest.mark.parametrize(("name", "columns", "told"), STATEMENTS, ids=lambda value: str(value)[:20])
def test_statements_join_the_right_things(
    name: str, columns: tuple[str, ...], told: Callable[[], Iterator[Statement]]
) -> None:
    """Subject, object, year and number of a fact stand together in one row."""
    rows = {tuple(row[column] for column in columns) for row in table(name)}
    if name == "label_awards":  # a body that the fact does not name may be derived
        rows |= {(*row[:-1], "") for row in rows}
    if name == "region_links":  # a region within the one that the fact names is more exact
        rows |= {(subject, nuts[:size]) for subject, nuts in rows for size in range(2, len(nuts))}
    expected = list(told())
    if name == "links":  # a link that began later than the year of the fact has its own date
        later = {(row["subject"], row["object"]) for row in table(name) if row["since"]}
        expected = [statement for statement in expected if statement[:2] not in later]
    assert len(expected) > 20
    if name == "links":  # where a link holds since a later date, the year of the fact is given up
        later = {(row["subject"], row["object"]) for row in table(name) if row["since"]}
        expected = [statement for statement in expected if statement[:2] not in later]
    assert [statement for statement in expected if statement not in rows] == []
