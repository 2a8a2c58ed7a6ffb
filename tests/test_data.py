"""The tables: every fact is accounted for, nothing dangles, nothing is said twice."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
DATA: Final = ROOT / "data"
FACTS: Final = ROOT.parent / "shared" / "facts"

FACT_ROWS: Final = {
    "czech/czech_clusters.csv": 68,
    "czech/czech_policy.csv": 55,
    "czech/czech_relations.csv": 403,
    "eu/association_members.csv": 309,
    "eu/ecosystems.csv": 14,
    "eu/euroclusters.csv": 23,
    "eu/initiatives.csv": 90,
    "eu/label_awards.csv": 227,
    "eu/labels.csv": 6,
    "eu/organisations.csv": 107,
    "eu/policy_practices.csv": 95,
    "eu/programmes.csv": 32,
    "eu/relations.csv": 501,
    "eu/strategies.csv": 48,
    "europe/clusters.csv": 639,
    "europe/country_figures.csv": 83,
    "europe/eurocluster_partners.csv": 34,
}
SECOND_WAVE: Final = {
    "wave2/association_members.csv": 47,
    "wave2/awards.csv": 8,
    "wave2/call_figures.csv": 15,
    "wave2/clusters.csv": 942,
    "wave2/country_figures.csv": 124,
    "wave2/eccp_listed_existing.csv": 503,
    "wave2/ecosystem_figures.csv": 11,
    "wave2/ecosystem_nace.csv": 26,
    "wave2/eurocluster_calls_for_smes.csv": 7,
    "wave2/eurocluster_partners.csv": 19,
    "wave2/euroclusters.csv": 4,
    "wave2/figures_new.csv": 99,
    "wave2/identity_proposals.csv": 73,
    "wave2/label_awards.csv": 15,
    "wave2/partnership_partners.csv": 400,
    "wave2/partnerships.csv": 90,
    "wave2/region_population_area.csv": 643,
    "wave2/region_typology.csv": 3,
    "wave2/s3_partnerships.csv": 24,
}

Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def table(name: str) -> dict[str, Row]:
    """Return the rows of a table by their key, which stands in the first column."""
    return {next(iter(row.values())): row for row in rows_of(DATA / f"{name}.csv")}


@cache
def tables() -> tuple[str, ...]:
    """Return the names of the tables that hold things."""
    names = (path.stem for path in sorted(DATA.glob("*.csv")))
    return tuple(name for name in names if name != "identity")


@cache
def ledger() -> list[Row]:
    """Return where each fact went."""
    return rows_of(DATA / "intake" / "ledger.csv")


@cache
def left_out() -> list[Row]:
    """Return the facts that became no row."""
    return rows_of(DATA / "intake" / "left_out.csv")


# Accounts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("fact_table", "count"), (FACT_ROWS | SECOND_WAVE).items())
def test_every_fact_row_is_accounted_for(fact_table: str, count: int) -> None:
    """Each line of a fact table stands in the ledger, in the list of rows left out, or in both."""
    accounted = {
        int(row["fact_row"]) for row in [*ledger(), *left_out()] if row["fact_table"] == fact_table
    }
    assert accounted == set(range(2, count + 2))


def test_the_accounts_know_no_other_table() -> None:
    """The ledger and the list of rows left out name only tables that were taken in."""
    accounts = {row["fact_table"] for row in [*ledger(), *left_out()]}
    assert accounts == set(FACT_ROWS) | set(SECOND_WAVE)


def test_no_row_is_both_kept_and_left_out() -> None:
    """A fact that was left out has no row in the tables."""
    kept = {(row["fact_table"], row["fact_row"]) for row in ledger()}
    assert not kept & {(row["fact_table"], row["fact_row"]) for row in left_out()}
    assert all(row["reason"] for row in left_out())


def test_every_target_of_the_ledger_exists() -> None:
    """The ledger points at rows that are there."""
    lost = [row for row in ledger() if row["row_key"] not in table(row["table"])]
    assert lost == []


# Keys and references ------------------------------------------------------------------------


@pytest.mark.full
def test_tables_conform_to_their_metadata() -> None:
    """No cell breaks its datatype, pattern, code list, key or reference."""
    dataset = pytest.importorskip("clustergraph.dataset")
    assert [str(fault) for fault in dataset.check_tables()] == []


def test_a_key_stands_in_one_table_only() -> None:
    """A thing is described in one place."""
    places = defaultdict(list)
    for name in tables():
        if name not in {"sectors", "technologies"}:
            for key in table(name):
                places[key].append(name)
    assert {key: found for key, found in places.items() if len(found) > 1} == {}


def test_identity_decisions_point_at_things() -> None:
    """A thing exists; an alias that is the same does not, any other does."""
    keys = {key for name in tables() for key in table(name)}
    decisions = rows_of(DATA / "identity.csv")
    assert [row for row in decisions if row["thing"] not in keys] == []
    wrong = [row for row in decisions if (row["alias"] in keys) == (row["decision"] == "same")]
    assert wrong == []
    assert all(row["reason"] for row in decisions)


def test_founding_years_are_those_of_the_claims() -> None:
    """A founding year stands with its organisation and as a claim, in both or in neither."""
    claimed = defaultdict(set)
    for row in table("value_claims").values():
        if row["property"] == "foundingYear":
            claimed[row["subject"]].add(row["value"])
    told = {
        key: set(row["founded"].split("|"))
        for name in ("cluster_organisations", "organisations")
        for key, row in table(name).items()
        if row["founded"]
    }
    assert told == claimed


@pytest.mark.parametrize(
    ("subject", "years"),
    [
        ("cluster-organisation/clutex", {"2006", "2016"}),
        ("cluster-organisation/plastikarsky-klastr", {"2006", "2007"}),
        ("cluster-organisation/nanoprogress", {"2010", "2012"}),
        ("organisation/eucles", {"2020", "2021"}),
    ],
)
def test_contradicting_founding_years_stand_side_by_side(subject: str, years: set[str]) -> None:
    """Each of two years is a claim that names the other as its contradiction."""
    claims = {
        row["value"]: row
        for row in table("value_claims").values()
        if row["subject"] == subject and row["property"] == "foundingYear"
    }
    assert set(claims) >= years
    assert all(row["contradicts"] for row in claims.values())
    assert all(row["source"] or row["source_note"] for row in claims.values())


def test_contradicting_figures_stand_side_by_side() -> None:
    """Two figures of one thing, measure and year are both kept."""
    shares = {
        row["value"]
        for row in table("figures").values()
        if (row["figure_of"], row["measure"]) == ("ecosystem/agri-food", "share-of-eu-value-added")
    }
    assert shares >= {"6.4", "4.9"}
    first = {
        row["value"]
        for row in table("country_figures").values()
        if row["measure"] == "year-of-first-gold-label"
    }
    assert first >= {"2015", "2018"}


def test_every_statement_has_a_source_or_a_note_on_it() -> None:
    """No row is without a hint where it comes from, save places and names of fields."""
    bare = [
        key
        for name in tables()
        if name not in {"places", "sectors", "sources", "technologies"}
        for key, row in table(name).items()
        if not any(row.get(column) for column in ("source", "evidence", "source_note"))
    ]
    assert bare == []


def test_no_cell_tells_how_the_facts_were_gathered() -> None:
    """Sources that are no addresses are told in plain words."""
    traces = re.compile(
        r"search\.pages|seed:|taken over from|\.txt\b|excerpt|EU law:|\bh\d\b|\bthe tables\b"
        r"|stored text"
    )
    found = [
        (name, key)
        for name in tables()
        for key, row in table(name).items()
        if traces.search(" ".join(re.sub(r"https?://[^|]*", "", cell) for cell in row.values()))
    ]
    assert found == []


# Values -------------------------------------------------------------------------------------
#
# Each cell of a fact row must be found in the rows that the ledger names, once the cell has gone
# through the changes that docs/data.md tells: lists are split, keys become keys of things, codes
# and classes are written as the ontology writes them.

ECOSYSTEMS: Final = {
    "Mobility-Transport-Automotive": "mobility",
    "Energy-Renewables": "renewables",
    "Aerospace & Defence": "aerospace-defence",
    "Textile": "textiles",
    "Cultural and Creative Industries": "cci",
    "Energy-Intensive Industries": "eii",
    "Proximity, Social Economy and Civil Security": "proximity-social",
}
CLASSES: Final = {
    "LabelSystem": {"LabelScheme"},
    "Initiative": {"PolicyInitiative"},
    "Partnership": {"PartnershipScheme"},
    "Tool": {"PolicyTool"},
    "Network": {"ClusterNetwork", "kind as given: network"},
    "Agency": {"PublicAgency"},
    "Communication": {"communication"},
    "ClusterAssociation": {"NationalClusterAssociation"},
}
TABLES_OF_KIND: Final = {
    "Event": {"events"},
    "Publication": {"publications"},
    "Project": {"projects"},
    "Concept": {"notions"},
    "Example": {"clusters"},
    "Programme": {"programmes", "calls", "projects", "initiatives"},
    "Strategy": {"strategies"},
    "Person": {"persons"},
    "Legislation": {"documents"},
    "Institution": {"organisations", "initiatives"},
}
ORGANISATION_KINDS: Final = {
    "company": "Company",
    "university": "University",
    "research institute": "ResearchOrganisation",
    "secondary school": "School",
    "non profit": "NonProfitOrganisation",
    "association": "Association",
    "European association": "Association",
    "public body": "PublicInstitution",
    "cluster": "ClusterOrganisation",
    "cluster association": "NationalClusterAssociation",
    "cluster partnership": "ClusterPartnership",
    "European strategic cluster partnership": "ClusterPartnership",
}
RELATIONS: Final = {
    "has_partner": {"partner"},
    "partner_of": {"partner"},
    "partner_in": {"partner"},
    "coordinated_by": {"coordinatedBy"},
    "has_member": {"member", "associate-member"},
    "member_of": {"member"},
    "signed": {"signatoryOf"},
    "follows": {"succeeds"},
    "linked_to": {"relatedTo"},
    "part_of": {"partOf", "callOf"},
    "operates": {"operatedBy"},
    "operated_by": {"operatedBy", "preparedBy", "organisedBy", "relatedTo"},
    "runs": {"operatedBy"},
    "operated": {"formerlyOperatedBy"},
    "awards": {"awardedBy"},
    "wrote": {"author"},
    "founded": {"establishedBy"},
    "prepared": {"preparedBy"},
    "hosts": {"hostedBy"},
    "organised": {"organisedBy"},
    "stands_behind": {"supportedBy"},
    "designed": {"createdBy"},
    "defined": {"definedBy"},
    "defines": {"definedBy"},
    "funded": {"fundedBy"},
    "created": {"createdBy"},
    "approved": {"approvedBy"},
    "published": {"publishedBy"},
    "initiated": {"initiatedBy"},
    "certified": {"certifiedBy"},
    "established_within": {"buildsOn"},
    "based_on": {"buildsOn"},
    "grew_from": {"buildsOn"},
    "level_of": {"partOf"},
    "edition_of": {"partOf"},
    "introduces": {"promotes"},
    "reduces": {"concerns"},
    "administered_by": {"operatedBy"},
    "designed_by": {"createdBy"},
    "split_from": {"split"},
}
CORRECTED: Final = {
    ("eu/organisations.csv", 14, "kind"): "ESCA is a department of a company, no association",
    **{
        ("eu/relations.csv", line, "year"): "before the policy that is implemented was adopted"
        for line in (248, 257, 265, 269, 271, 272, 297, 299)
    },
}
"""Cells of the facts that the tables do not follow, and why."""
LEGAL_FORMS: Final = {
    "zapsaný spolek (z.s.)": "zapsany-spolek",
    "spolek (association)": "spolek",
    "družstvo (cooperative)": "druzstvo",
    "civic association": "obcanske-sdruzeni",
    "interest association": "interest-association",
}
WEBSITES: Final = ("http://www.msek.cz",)
SOURCE_NOTES: Final = {
    "seen in a mirrored copy": "read in a mirrored copy of the page",
}
NAME_COLUMNS: Final = ("name_en", "name_cs", "other_names", "name", "acronym", "label", "operator")
LISTS: Final = {
    "nace_rev2",
    "objectives",
    "updates_or_replaces",
    "related_ecosystems",
    "managed_by",
    "predecessor_id",
    "implements_strategy_ids",
    "ecosystems",
    "supports",
    "criteria",
    "sectors",
    "technologies",
    "issued_by",
    "funded_by_programme_id",
}


def slug(text: str) -> str:
    """Return text as keys write it."""
    for old, new in (("&", " and "), ("ø", "o"), ("ł", "l"), ("+", " plus "), ("'", "")):
        text = text.replace(old, new)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


@cache
def things_of_key() -> dict[str, set[str]]:
    """Return which things bear a key of the fact tables."""
    found = defaultdict(set)
    for name in tables():
        for key, row in table(name).items():
            for fact_key in filter(None, row.get("fact_keys", "").split("|")):
                found[fact_key].add(key)
    return found


@cache
def names_of() -> dict[str, set[str]]:
    """Return the names of each thing."""
    found = {}
    for name in tables():
        for key, row in table(name).items():
            cells = (row.get(column, "").split("|") for column in NAME_COLUMNS)
            found[key] = {value for cell in cells for value in cell if value}
    return found


def held(fact_table: str, line: int) -> tuple[set[str], set[str]]:
    """Return the values of the rows that a fact went to, and the tables they stand in."""
    values, homes = set(), set()
    for entry in by_fact()[fact_table, line]:
        row = table(entry["table"])[entry["row_key"]]
        homes.add(entry["table"])
        for item in (item for cell in row.values() for item in cell.split("|")):
            values.add(item)
            if entry["table"] == "region_links" and item == row["nuts"]:
                values.update(f"nuts: {item[:size]}" for size in range(2, len(item)))
            values |= names_of().get(item, set())
            values.update(classes_of().get(item, ()))
        values.update(row.get("operator_name", "").split("; "))
    return values, homes


@cache
def classes_of() -> dict[str, list[str]]:
    """Return the classes that a table gives a thing, where it has a column for them."""
    return {
        key: row["kind"].split("|")
        for name in tables()
        for key, row in table(name).items()
        if row.get("kind")
    }


@cache
def by_fact() -> dict[tuple[str, int], list[Row]]:
    """Return the entries of the ledger by fact."""
    found = defaultdict(list)
    for row in ledger():
        found[row["fact_table"], int(row["fact_row"])].append(row)
    return found


def items(column: str, cell: str) -> list[str]:
    """Split a cell of a fact table that holds a list."""
    if column == "partners":
        return [part for partner in cell.split(";") for part in partner.split("|") if part]
    if column == "operated_by" and not cell.startswith("INNO-Nets"):
        return [part.strip() for part in cell.split(";")]
    if column in LISTS:
        return [part.strip() for part in cell.split(";") if part.strip()]
    return [cell]


def is_source(text: str, values: set[str]) -> bool:
    """Say whether an address or a note on a source is among the values."""
    for part in filter(None, re.split(r"\s+;\s*|;\s+(?![^(]*\))", text)):
        note = re.fullmatch(r"(\S+) \((.*)\)", part)
        if act := re.fullmatch(r"(?:funding: )?EU law: (\w+)", part):
            part = f"http://publications.europa.eu/resource/celex/{act[1]}"
        elif part.startswith("seed:"):
            part = "page of the National Cluster Association on cluster policy"
        elif part.startswith("taken over from"):
            continue
        elif not part.startswith("http"):  # a notice without address
            if not any(re.match("(accreditation|admission) notice", value) for value in values):
                return False
            continue
        elif note:
            told = SOURCE_NOTES.get(note[2], note[2])
            if not told.startswith("taken over from") and told not in values:
                return False
            part = note[1]
        if part not in values:
            return False
    return True


@cache
def sectors_named() -> dict[str, set[str]]:
    """Return the keys of the sectors that bear a name, by the name as keys write it."""
    found = defaultdict(set)
    for row in table("sectors").values():
        for name in (row["id"], row["label"], *row["alt"].split("|")):
            found[slug(name)].add(row["id"])
    return found


def forms(column: str, item: str) -> Iterator[str]:
    """Yield what an item of a fact may look like in the tables."""
    yield item
    yield from things_of_key().get(item, ())
    if column in {"ecosystems", "related_ecosystems"}:
        yield "ecosystem/" + ECOSYSTEMS.get(item, slug(item))
    if column == "nace_rev2":
        yield item[1:]
    if column in {"nuts", "nuts3"}:  # made more exact by the city
        yield f"nuts: {item}"
    if column == "region":
        yield f"region named with the earlier row: {item}"
    if column in {"legal_form"}:
        yield LEGAL_FORMS.get(item, slug(item))
    if column in {"sectors", "technologies", "country", "holder_country"}:
        yield slug(item)
    if column == "sectors":
        yield from sectors_named()[slug(item)]
    if column == "legal_basis":
        yield "document/" + item.lower()
    if column == "call":
        yield "call/" + item.lower()
    if column in {"level", "label"}:
        yield item.lower()
        yield "label/" + item.lower()
    if column in {"object_id_or_name", "object_id"}:
        yield "label/" + item.lower()
    if column == "relation":
        head, *rest = item.split("_")
        yield head + "".join(word.capitalize() for word in rest)
        yield from RELATIONS.get(item, ())
    if column == "object_kind":
        yield ORGANISATION_KINDS.get(item, item)
        if item == "public body":
            yield "Government"
        if item == "European association":
            yield "ClusterNetwork"
    if column == "network_name":
        yield re.sub(r" \([^()]*(?:membership|programme|register|status)\)$", "", item)
        yield re.sub(r"(.*) \(.*, status\)$", r"\1", item)
        yield f"network as named in the source table: {item}"
    if column == "awarding_body":
        yield from (f"organisation/{item.lower()}", f"awarding body: {item}")
    if column in {"level", "scheme"}:
        yield from (f"{column}: {form}" for form in {item, *things_of_key().get(item, ())})
    if column == "operated_by":
        yield f"signed by {item}"
    if column == "supports":
        yield f"on: {item}"
    if column in {"founded", "started", "valid_from"}:
        yield f"date as given: {item}"
    if column == "year":
        yield from (f"{site} is told as its website in {item}" for site in WEBSITES)
    if column == "kind":
        yield from CLASSES.get(item, ())
        yield re.sub(r"(?<=[a-z])(?=[A-Z])", "-", item).lower()


def is_found(fact_table: str, column: str, item: str, values: set[str], homes: set[str]) -> bool:
    """Say whether an item of a fact cell stands in the rows it went to."""
    if column == "source":
        return is_source(item, values)
    if any(form in values for form in forms(column, item)):
        return True
    if column == "description_en" and "; " in item:  # a remark in it is a note
        parts = item.rstrip(".").split("; ")
        return all(any(part in value for value in values) for part in parts)
    if re.fullmatch(r"\d{4}(-\d\d)?", item):  # a more exact date that agrees covers it
        return any(re.fullmatch(re.escape(item) + r"(-\d\d){1,2}", value) for value in values)
    if item in {"EuroclusterPartner", "Partner of a Eurocluster"}:
        return any(
            row["participant"] in values and row["undertaking"].startswith("eurocluster/")
            for row in table("participations").values()
        )
    if column == "kind":
        return bool(TABLES_OF_KIND.get(item, set()) & homes)
    if column == "related_ecosystems" and item == "all":
        return sum(value.startswith("ecosystem/") for value in values) == 14
    if column in {"nca_member", "eca_member"}:
        return item == "yes" and "memberships" in homes
    if column == "object_kind":  # told by the table that the object went to
        return item in OBJECT_KINDS_BY_TABLE and bool(OBJECT_KINDS_BY_TABLE[item] & homes)
    return column == "relation" and item in RELATIONS_BY_TABLE and RELATIONS_BY_TABLE[item] in homes


OBJECT_KINDS_BY_TABLE: Final = {
    "programme": {"links"},
    "institution": {"links", "organisation_changes"},
    "legislation": {"links"},
    "strategy": {"links"},
    "website": {"cluster_organisations"},
    "NUTS3 region": {"region_links"},
    "NCA award": {"awards"},
    "ECEI label": {"label_awards"},
    "Eurocluster": {"participations"},
    "EU project": {"projects", "links", "participations"},
    "public body": {"links"},
}
RELATIONS_BY_TABLE: Final = {
    "split_from": "organisation_changes",
    "has_label": "label_awards",
    "received_award": "awards",
    "operates_website": "cluster_organisations",
    "based_in": "region_links",
}


@pytest.mark.skipif(not FACTS.is_dir(), reason=f"the fact tables are not at {FACTS}")
@pytest.mark.parametrize("fact_table", FACT_ROWS)
def test_no_value_of_a_fact_is_lost(fact_table: str) -> None:
    """Each non-empty cell of each fact row is found in the rows that the ledger names."""
    gone = {int(row["fact_row"]) for row in left_out() if row["fact_table"] == fact_table}
    lost = []
    facts = rows_of(FACTS / fact_table)
    assert len(facts) == FACT_ROWS[fact_table]
    for line, fact in enumerate(facts, start=2):
        if line in gone:
            continue
        values, homes = held(fact_table, line)
        lost += [
            (line, column, item)
            for column, cell in fact.items()
            if cell
            for item in items(column, cell)
            if (fact_table, line, column) not in CORRECTED
            and not is_found(fact_table, column, item, values, homes)
        ]
    assert lost == []


MEMBER_STATES: Final = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
)


def cluster_organisations() -> list[Row]:
    """Return the rows of cluster organisations, of both tables."""
    rows = [*table("cluster_organisations").values(), *table("organisations").values()]
    return [row for row in rows if "ClusterOrganisation" in row["kind"].split("|")]


def test_counts_of_things() -> None:
    """The tables hold what the facts promise, and never lose it again."""
    assert len(cluster_organisations()) >= 1600
    assert sum(row["country"] in MEMBER_STATES.split() for row in cluster_organisations()) >= 1350
    assert len(table("ecosystems")) == 14
    assert len(table("euroclusters")) >= 27
    assert len(table("partnerships")) >= 80
    assert len(table("practices")) >= 95
    assert len(table("label_awards")) >= 227


def test_organisations_have_class_and_country() -> None:
    """Each cluster organisation has a country, and hardly any organisation lacks a class."""
    assert [row["id"] for row in cluster_organisations() if not row["country"]] == []
    assert sum(not row["kind"] for row in table("organisations").values()) <= 20


@pytest.mark.parametrize(
    ("claims", "column"), [("type_claims", "kind"), ("country_claims", "country")]
)
def test_estimated_classes_and_countries_are_those_of_the_organisations(
    claims: str, column: str
) -> None:
    """A claim about a class or country says what the row of the organisation says."""
    rows = table("cluster_organisations") | table("organisations")
    wrong = [
        row["id"]
        for row in table(claims).values()
        if row[column] not in rows[row["subject"]][column].split("|")
    ]
    assert wrong == []


def test_an_organisation_has_one_region_of_each_level() -> None:
    """No organisation stands in two regions of one level, so that counts by region add up."""
    regions = defaultdict(list)
    for row in table("region_links").values():
        regions[row["subject"], len(row["nuts"])].append(row["nuts"])
    assert {key: found for key, found in regions.items() if len(found) > 1} == {}


def test_ended_organisations_have_a_date_and_a_source() -> None:
    """An organisation that ended says when and by which source; its successor is another thing."""
    for row in table("organisation_changes").values():
        assert row["source"] or row["source_note"], row["id"]
        assert row["ended"] in {"", row["date"]}, row["id"]
        assert row["organisation"] not in row["successor"].split("|"), row["id"]


@pytest.mark.skipif(not FACTS.is_dir(), reason=f"the fact tables are not at {FACTS}")
def test_names_of_the_second_wave_are_kept() -> None:
    """Each name, partner and label of the second wave is found in a row that the ledger names."""
    columns = {
        "wave2/clusters.csv": "name_en",
        "wave2/partnerships.csv": "full_name",
        "wave2/partnership_partners.csv": "partner_name",
        "wave2/eurocluster_partners.csv": "partner_name",
        "wave2/euroclusters.csv": "acronym",
        "wave2/eurocluster_calls_for_smes.csv": "call_title",
        "wave2/association_members.csv": "member_name",
        "wave2/label_awards.csv": "holder_name",
        "wave2/s3_partnerships.csv": "region_name",
    }
    lost = []
    for fact_table, column in columns.items():
        for line, fact in enumerate(rows_of(FACTS / fact_table), start=2):
            values, _ = held(fact_table, line)
            text = slug(" ".join(values))
            parts = fact[column].removesuffix(" (lead)").split("|")
            if not all(slug(part) in text for part in parts):
                lost.append((fact_table, line, fact[column]))
    assert lost == []
