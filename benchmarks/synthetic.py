"""Make a large graph of the real one's shape: ``python benchmarks/synthetic.py 1000000 out.nq``.

The ontology, code lists, regions, programmes and documents are taken once. Organisations, projects
and persons are copied as often as needed, each with all that is told about it: its memberships,
figures, awards, claims. Copy 7 of ``…/organisation/x`` is ``…/organisation/x-7``.

Who refers to another organisation usually means the one of the same copy, sometimes one of an
earlier copy, and the earlier the likelier: so a few networks become as large as they are in life.
Numbers vary by a log-normal factor. The same seed and the same tables give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from clustergraph.dataset import assemble
from clustergraph.vocab import CG, ID, PREFIXES

__all__ = ["Copied", "quads", "write"]

SEED = 20_250
# What is copied for its own sake ...
ENTITIES = frozenset(
    ("cluster-organisation", "organisation", "technology-platform", "eurocluster", "project")
) | {"person"}
# ... and what is told about such a thing, under a name of its own.
STATEMENTS = frozenset(
    ("membership", "participation", "figure", "label-award", "award", "claim", "amount", "service")
)
# Whom a statement is about.
OWNERS = [CG + name for name in ("claimSubject", "figureOf", "holder", "amountOf", "serviceOf")] + [
    PREFIXES["org"] + "member"
]
NAMES = frozenset((PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "altLabel", CG + "acronym")) | {
    PREFIXES["dcterms"] + "identifier"
}
NUMBERS = frozenset((CG + "value", CG + "amountValue"))
SAME_COPY = 0.7
SPREAD = 0.6

_THING = re.compile(re.escape("<" + ID) + r"([^/>]+)/([^/>]+)")
_BLANK = re.compile(r"_:\w+")


@dataclass(slots=True)
class Copied:
    """An entity and all that is told about it, as a template for its copies.

    Attributes:
        lines: N-Quads with ``%(own)s`` after names of this copy, ``%(r0)s`` and so on after those
            of other entities, and ``%(v0)s`` in place of numbers.
        numbers: the numbers to vary.
        others: how many other entities the lines name.
        size: how many lines there are.
    """

    lines: list[str] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    text: str = ""

    @property
    def size(self) -> int:
        """Return the number of quads."""
        return len(self.lines)


def templates(real: Iterable[ox.Quad]) -> tuple[list[str], list[Copied]]:
    """Split the real graph into the lines that stay once and the templates of copies.

    Returns:
        all lines of the real graph, and one template for each entity, sorted by its IRI.
    """
    blanks: dict[str, str] = {}
    lines, told = [], {}
    for quad in real:
        line = _BLANK.sub(
            lambda match: blanks.setdefault(match[0], f"_:b{len(blanks)}"), f"{quad} .\n"
        )
        lines.append(line)
        if kind(quad.subject) in ENTITIES | STATEMENTS:
            told.setdefault(quad.subject.value, []).append((quad, line))
    owner = {iri: found for iri in told if (found := owner_of(iri, told[iri])) is not None}
    found: dict[str, Copied] = {}
    for iri in sorted(owner):
        copied = found.setdefault(owner[iri], Copied())
        for quad, line in told[iri]:
            copied.lines.append(template(quad, line, owner, owner[iri], copied))
    for copied in found.values():
        copied.text = "".join(copied.lines)
    return lines, [found[iri] for iri in sorted(found)]


def kind(term: object) -> str:
    """Return the kind of thing that an IRI of the project names, or an empty text."""
    if not isinstance(term, ox.NamedNode) or not term.value.startswith(ID):
        return ""
    return term.value[len(ID) :].partition("/")[0]


def owner_of(iri: str, told: list[tuple[ox.Quad, str]]) -> str | None:
    """Return the entity whose copies carry ``iri`` along; None: it is not copied."""
    if kind(ox.NamedNode(iri)) in ENTITIES:
        return iri
    entities = [quad for quad, _ in told if kind(quad.object) in ENTITIES]
    entities.sort(key=lambda quad: quad.predicate.value not in OWNERS)
    return entities[0].object.value if entities else None


def template(quad: ox.Quad, line: str, owner: dict[str, str], family: str, copied: Copied) -> str:
    """Return a line of the template, its slots recorded in ``copied``."""

    def suffix(match: re.Match[str]) -> str:
        iri = match[0][1:]
        if iri not in owner:
            return match[0]
        if owner[iri] == family or kind(ox.NamedNode(iri)) in STATEMENTS:
            return match[0] + "%(own)s"
        return match[0] + f"%(r{copied.others.setdefault(iri, len(copied.others))})s"

    line = _THING.sub(suffix, line.replace("%", "%%"))
    if quad.predicate.value in NAMES:
        start, quote, rest = line.rpartition('"')
        line = f"{start}%(own)s{quote}{rest}"
    elif quad.predicate.value in NUMBERS and isinstance(quad.object, ox.Literal):
        try:
            number = float(quad.object.value)
        except ValueError:
            return line
        line = line.replace(f'"{quad.object.value}"', f'"%(v{len(copied.numbers)})s"')
        copied.numbers.append(number)
    return line


def quads(size: int, seed: int = SEED) -> Iterator[str]:
    """Yield chunks of N-Quads, ``size`` lines in all; no fewer than the real graph has."""
    lines, families = templates(assemble().quads)
    if size < len(lines):
        raise SystemExit(f"the real graph has {len(lines)} quads; ask for more than that")
    yield "".join(lines)
    left, copy = size - len(lines), 0
    one_copy = sum(family.size for family in families)
    dice = random.Random(seed)
    while left > 0:
        copy += 1
        dice.shuffle(families)
        whole = left >= one_copy
        # The earlier a copy, the likelier: its weight is one by its number.
        weights = math.log(copy + 1)
        for family in families:
            slots = {"own": f"-{copy}"}
            for slot in range(len(family.others)):
                near = whole and dice.random() < SAME_COPY
                chosen = copy if near else int(math.exp(dice.random() * weights)) - 1
                slots[f"r{slot}"] = f"-{chosen}" if chosen else ""
            for slot, number in enumerate(family.numbers):
                slots[f"v{slot}"] = str(round(number * math.exp(dice.gauss(0, SPREAD))))
            if family.size <= left:
                yield family.text % slots
                left -= family.size
            else:
                yield "".join(line % slots for line in family.lines[:left])
                return


def write(path: Path, size: int, seed: int = SEED) -> str:
    """Write ``size`` quads to ``path`` as N-Quads; return the SHA-256 of the file."""
    digest = hashlib.sha256()
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        for chunk in quads(size, seed):
            data = chunk.encode()
            digest.update(data)
            file.write(data)
    part.replace(path)
    return digest.hexdigest()


def main() -> None:
    """Write a synthetic graph and say its hash."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("size", type=int, help="how many quads")
    parser.add_argument("path", type=Path, help="the N-Quads file to write")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    print(
        f"{given.path}: {given.size:,} quads, SHA-256 {write(given.path, given.size, given.seed)}"
    )


if __name__ == "__main__":
    main()
