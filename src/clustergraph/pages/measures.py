"""Countries in numbers: what is counted for each, and the median of the European Union."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, cast

from clustergraph.vocab import CODE

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["COUNTRY", "MEASURES", "Numbers", "named", "numbers"]

COUNTRY: Final = CODE + "country/"

MEASURES: Final[Mapping[str, str]] = {
    "organisations": """SELECT ?country (COUNT(DISTINCT ?thing) AS ?n)
WHERE { ?thing a cg:ClusterOrganisation ; cg:country ?country }
GROUP BY ?country""",
    "platforms": """SELECT ?country (COUNT(DISTINCT ?thing) AS ?n)
WHERE { ?thing a cg:TechnologyPlatform ; cg:country ?country }
GROUP BY ?country""",
    "holders": """SELECT ?country (COUNT(DISTINCT ?thing) AS ?n)
WHERE { ?award a cg:LabelAward ; cg:holder ?thing . ?thing cg:country ?country }
GROUP BY ?country""",
    "gold": """SELECT ?country (COUNT(DISTINCT ?thing) AS ?n)
WHERE {
  ?award cg:holder ?thing ; cg:awardedLabel/cg:labelLevel code:label-level\\/gold .
  ?thing cg:country ?country
}
GROUP BY ?country""",
    "euroclusters": """SELECT ?country (COUNT(DISTINCT ?thing) AS ?n)
WHERE {
  ?thing a cg:Eurocluster . ?participation cg:participationIn ?thing ; cg:participant ?partner .
  ?partner cg:country ?country
}
GROUP BY ?country""",
    "practices": """SELECT ?country (COUNT(DISTINCT ?thing) AS ?n)
WHERE { ?thing a cg:PolicyPractice ; cg:country ?country }
GROUP BY ?country""",
}
"""What is counted for each country, and the query that counts it."""

_UNION: Final = "SELECT ?country { ?country a cg:Country ; cg:partOf code:country\\/EU }"
_NAMES: Final = """SELECT ?country ?name
WHERE { ?country a cg:Country ; skos:prefLabel ?name FILTER(LANG(?name) = $language) }"""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of all countries.

    Attributes:
        counts: by measure and two-letter code of the country; without an entry: none is known.
        medians: by measure, of the members of the European Union, those with none included.
        members: the codes of these members.
    """

    counts: Mapping[str, Mapping[str, int]]
    medians: Mapping[str, float]
    members: frozenset[str]

    def of(self, code: str) -> dict[str, tuple[int, float]]:
        """Return a country's number and the median, by measure."""
        return {
            measure: (counts.get(code, 0), self.medians[measure])
            for measure, counts in self.counts.items()
        }

    def total(self, code: str) -> int:
        """Return all that is counted in a country."""
        return sum(counts.get(code, 0) for counts in self.counts.values())


def numbers(visit: Visit) -> Numbers:
    """Return the numbers of all countries; counted once a generation."""
    memory = visit.context.memory
    if "numbers" not in memory or not visit.generation:
        counts = {
            measure: {row.country.removeprefix(COUNTRY): row.n for row in visit.select(query)}
            for measure, query in MEASURES.items()
        }
        members = frozenset(row.country.removeprefix(COUNTRY) for row in visit.select(_UNION))
        medians = {
            measure: median([by.get(code, 0) for code in members] or [0])
            for measure, by in counts.items()
        }
        memory["numbers"] = Numbers(counts, medians, members)
    return cast(Numbers, memory["numbers"])


def named(visit: Visit) -> dict[str, str]:
    """Return the names of all countries by their codes, in the language of the visit."""
    rows = visit.select(_NAMES, language=visit.tongue)
    return {row.country.removeprefix(COUNTRY): row.name for row in rows}
