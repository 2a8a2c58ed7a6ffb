"""Report organisations of one country whose names are nearly the same.

Run it after adding organisations: ``python tools/lookalikes.py``. Names are compared without
accents, case, order, legal forms and words for cluster, network or association in the languages of
Europe. A pair is accepted once ``data/identity.csv`` has a decision on it: *same* (then one of the
rows goes), *different* or *undecided*; so is a pair of which ``data/links.csv`` says that one hosts
the other.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).resolve().parents[1] / "data"
TABLES: Final = ("cluster_organisations", "organisations")
LETTERS: Final = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "đ": "d", "ı": "i", "&": " and "}
)
# Legal forms, words for cluster or association, and words without meaning of their own.
UNDISTINCTIVE: Final = """
ab ag aie as asbl doo ev gmbh ggmbh ltd mbh mtu npo oy sa sc scarl scpa scrl spa sro srl vzw zs
zoo eeig cluster clusters clust clusteri clusterul clustering clusterverein klastr klaster klastar
klasteri klasteris klaszter grozd pole polo pool district distretto netzwerk network netz reseau
red rete platform plattform plateforme platforma association asociacion associacao associazione
associacio asociatia asociace zdruzenie sdruzeni stowarzyszenie verein verband alliance allianz
hub centre center zentrum centrum initiative
"""
FILLERS: Final = """
a al and c d da das de dei del della den der des di die do du e el en et f for fur i im in la le
les na o of on pro s st the und y z za
"""
NOT_IN_ACRONYMS: Final = frozenset(FILLERS.split())
IGNORED: Final = NOT_IN_ACRONYMS | frozenset(UNDISTINCTIVE.split())
SHORTEST_ACRONYM: Final = 4
CLOSE: Final = 0.86


@dataclass(frozen=True, slots=True)
class Organisation:
    """A row with the forms of its names that are compared.

    Attributes:
        key: the ``id`` of the row.
        country: two-letter code, ``EU`` for European and global bodies, empty if unknown.
        names: the names as written.
        cores: the distinctive words of each name.
        acronyms: initials that each name may be shortened to.
        words: all words of all names.
    """

    key: str
    country: str
    names: tuple[str, ...]
    cores: frozenset[frozenset[str]]
    acronyms: frozenset[str]
    words: frozenset[str]


def words_of(name: str) -> list[str]:
    """Split a name into words without accents, case and signs; a dotted acronym is one word."""
    plain = unicodedata.normalize("NFKD", name.translate(LETTERS)).encode("ascii", "ignore")
    undotted = re.sub(r"\b(\w)\.\s?(?=\w\b)", r"\1", plain.decode().lower())
    return re.findall(r"[a-z0-9]+", undotted)


def organisation(row: dict[str, str]) -> Organisation:
    """Prepare a row of a table for comparison."""
    cells = [row[column] for column in ("name_en", "name_cs", "acronym") if row.get(column)]
    names = (*cells, *filter(None, row["other_names"].split("|")))
    split = [words_of(name) for name in names]
    cores = frozenset(frozenset(words) - IGNORED for words in split)
    initials = {
        "".join(word[0] for word in words if word not in NOT_IN_ACRONYMS) for words in split
    }
    return Organisation(
        row["id"],
        row["country"] or ("EU" if row.get("policy_level") in {"european", "global"} else ""),
        names,
        cores - {frozenset()},
        frozenset(text for text in initials if len(text) >= SHORTEST_ACRONYM),
        frozenset(word for words in split for word in words),
    )


def read(data: Path = DATA) -> list[Organisation]:
    """Return all organisations of the tables, companies apart."""
    found = []
    for table in TABLES:
        with (data / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["kind"] != "Company"]
        found += [organisation(row) for row in rows]
    return found


def reviewed(data: Path = DATA) -> set[frozenset[str]]:
    """Return pairs that are decided on, or of which one hosts or contains the other."""
    with (data / "identity.csv").open(encoding="utf-8", newline="") as lines:
        decided = {frozenset((row["alias"], row["thing"])) for row in csv.DictReader(lines)}
    with (data / "links.csv").open(encoding="utf-8", newline="") as lines:
        return decided | {
            frozenset((row["subject"], row["object"]))
            for row in csv.DictReader(lines)
            if row["property"] in {"hostedBy", "managedBy", "partOf"}
        }


def likeness(one: Organisation, other: Organisation) -> str:
    """Say why two organisations may be one; empty if nothing suggests it."""
    if one.cores & other.cores:
        return "same distinctive words"
    if (one.acronyms & other.words) or (other.acronyms & one.words):
        return "one name abbreviates the other"
    for core in one.cores:
        for second in other.cores:
            if min(len(core), len(second)) > 1 and (core <= second or second <= core):
                return "one name has all distinctive words of the other"
            texts = " ".join(sorted(core)), " ".join(sorted(second))
            matcher = SequenceMatcher(None, *texts)
            if (
                min(map(len, texts)) >= 2 * SHORTEST_ACRONYM
                and matcher.real_quick_ratio() >= CLOSE
                and matcher.quick_ratio() >= CLOSE
                and matcher.ratio() >= CLOSE
            ):
                return "nearly the same spelling"
    return ""


def pairs(organisations: list[Organisation]) -> Iterator[tuple[Organisation, Organisation, str]]:
    """Yield the pairs within one country that look alike, with the reason."""
    by_country = defaultdict(list)
    for entry in organisations:
        by_country[entry.country].append(entry)
    unplaced = by_country.pop("", [])
    groups = [(entries, combinations(entries, 2)) for entries in by_country.values()]
    candidates = [pair for _, found in groups for pair in found]
    candidates += list(combinations(unplaced, 2))
    candidates += [(a, b) for entries in by_country.values() for a in entries for b in unplaced]
    for one, other in candidates:
        if reason := likeness(one, other):
            yield one, other, reason


def unreviewed(data: Path = DATA) -> list[str]:
    """Return a line for each pair that looks alike and that nobody has decided on."""
    known = reviewed(data)
    return sorted(
        f"{one.country or other.country or '--'}: {one.key} ({'; '.join(one.names)}) ~ "
        f"{other.key} ({'; '.join(other.names)}): {reason}"
        for one, other, reason in pairs(read(data))
        if frozenset((one.key, other.key)) not in known
    )


def main() -> int:
    """Print the pairs; return 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="the tables")
    found = unreviewed(parser.parse_args().data)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(found)} pairs without a decision in identity.csv", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
