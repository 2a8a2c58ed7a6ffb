"""What a reader wants to know of a thing first, and its figures, labels, money and history."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
from markupsafe import Markup, escape

from clustergraph.pages.view import Row, Value
from clustergraph.pages.words import Words
from clustergraph.vocab import CG, CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.facts import Fact, Record
    from clustergraph.pages.view import View

_ORGANISATION: Final = PREFIXES["org"] + "Organization"
_CLUSTER: Final = CG + "ClusterOrganisation"
_DCT: Final = PREFIXES["dcterms"]
_MEMBERS: Final = CODE + "measure/members"
# Of what is begun and ended: key of the words, properties of the beginning, of the end.
_TIMES: Final = (
    ("founded", (CG + "foundingYear",), ()),
    ("period", (CG + "started", CG + "periodStart", CG + "validFrom"),
     (CG + "ended", CG + "periodEnd", CG + "validUntil")),
    ("dated", (CG + "adopted", _DCT + "issued", _DCT + "date"), ()),
)  # fmt: skip
_WHERE: Final = (CG + "city", CG + "region", CG + "country")
_FIELD: Final = (
    CG + "ecosystem", CG + "targetsEcosystem", CG + "concernsEcosystem", CG + "sector",
    CG + "concentrationOf",
)  # fmt: skip
_CONTACT: Final = (CG + "website", CG + "eccpProfile", PREFIXES["foaf"] + "page")
_RUN_BY: Final = tuple(CG + name for name in ("managedBy", "operatedBy", "issuedBy"))
# Key of the words, property, factor, digits after the decimal mark.
_MEASURES: Final = (
    ("quotient", "locationQuotient", 1, 2), ("size", "personsEmployed", 1, None),
    ("focus", "shareOfRegion", 100, 1),
)  # fmt: skip
_MOST: Final = 4


def held(award: Mapping[str, Sequence[str]], day: str) -> str:
    """Return whether a label is held on a day: ``held``, ``not-held`` or ``unknown``.

    The rule is that of the question labels-held-at; no time of validity is assumed. Dates that
    are known to the year or month are compared to that precision.

    Args:
        award: dates by the local name of the property, such as ``awardedOn``.
        day: the day, such as ``2026-12-01``.
    """

    def first(name: str) -> str:
        return next(iter(award.get(name, ())), "")

    awarded, earliest, expires = map(first, ("awardedOn", "awardedNotBefore", "expiresOn"))
    begun = bool(awarded) and day[: len(awarded)] >= awarded
    before = bool(awarded) and not begun
    early = before or (bool(earliest) and day[: len(earliest)] < earliest)
    over = bool(expires) and day[: len(expires)] > expires
    attested = any(day[: len(one)] == one for one in award.get("heldOn", ()))
    if attested or (begun and expires and not over):
        return "held"
    return "not-held" if over or early else "unknown"


def today() -> str:
    """Return the day, in UTC, as dates are written."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def summary(view: View) -> list[Row]:
    """Return what the page says first: where, since when, whether it still exists, and so on."""
    kinds = view.thing.kinds()
    cluster = _CLUSTER in kinds
    disputed = {fact.property for fact in view.thing.facts if fact.disputed}
    rows: list[Row] = []

    def add(key: str, values: Iterable[Value], missing: str = "", *, doubt: bool = False) -> None:
        shown = list(values)
        if not shown and missing and cluster:
            shown = [Value(view.words(missing), marks=("missing",))]
        if shown:
            rows.append(Row(view.words("summary-" + key), shown, disputed=doubt))

    if _ORGANISATION in kinds:
        add("status", _status(view))
    if basis := view.thing.text(CG + "basis").rpartition("/")[2]:
        add("basis", [Value(view.words(f"mark-{basis}-title"), marks=(basis,))])
    add("where", _values(view, *_WHERE))
    for key, starts, ends in _TIMES:
        add(key, _time(view, starts, ends), doubt=bool(disputed & {*starts, *ends}))
    fields = {one.text: one for one in reversed(_values(view, *_FIELD))}
    add("field", list(reversed(fields.values()))[: 2 * _MOST])
    for key, value in _measured(view):
        add(key, [value])
    add("members", _members(view), "no-data")
    add("labels", map(_label, awards(view)), "no-label")
    add("partners", _partners(view))
    money = [
        Value(one["text"], marks=one["shown"].marks, aside=one["kind"]) for one in amounts(view)
    ]
    add("run-by", _values(view, *_RUN_BY)[:_MOST])
    add("money", money[:_MOST])
    add("contact", _values(view, *_CONTACT)[:_MOST], "no-website")
    return rows


def _values(view: View, *properties: str) -> list[Value]:
    """Return the values of properties without references: these stand with the facts."""
    facts = {fact.property: fact for fact in view.thing.facts}
    return [
        replace(view.value(said.term, said.evidence), aside="", reference=0)
        for name in properties
        if name in facts
        for said in facts[name].values
    ]


def _told(view: View, record: Record, about: str, text: str = "") -> Value:
    """Return a text of a record with the marks and the reference that the record makes."""
    return view.value(ox.Literal(text), [record.evidence], view.name(about))


def _name(view: View, record: Record, name: str) -> str:
    """Return what the value of a property of ours is called; empty: there is none."""
    iri = record.text(CG + name)
    return view.name(iri) if iri else ""


def _number(view: View, record: Record, name: str) -> str:
    """Return a number as the page writes it, or nothing."""
    value = record.first(CG + name)
    return view.text(value) if isinstance(value, ox.Literal) else ""


def _status(view: View) -> Iterator[Value]:
    """Yield that it ended, where all ends that sources give have passed."""
    t, day = view.words, today()
    ends = view.thing.texts(CG + "dissolvedOn") or view.thing.texts(CG + "ended")
    if not ends or not all(day[: len(end)] > end for end in ends):
        yield Value(t("no-end-known"))
        return
    yield Value(t("ended-on", day=" / ".join(map(t.day, ends))), marks=("ended",))


def _time(view: View, starts: Sequence[str], ends: Sequence[str]) -> list[Value]:
    start, end = _values(view, *starts), _values(view, *ends)
    if len(start) == len(end) == 1:
        marks = tuple(dict.fromkeys((*start[0].marks, *end[0].marks)))
        return [Value(f"{start[0].text} – {end[0].text}", marks=marks)]
    return start + [replace(one, aside=view.words("the-end")) for one in end]


def _measured(view: View) -> Iterator[tuple[str, Value]]:
    """Yield what the statistics say of a measured cluster."""
    for one in view.thing.records.get("measurement", ()):
        year = one.text(CG + "period").rpartition("/")[2]
        for key, name, factor, digits in _MEASURES:
            if text := one.text(CG + name):
                number = view.words.number(round(float(text) * factor, digits))
                yield key, Value(view.words("measured-" + key, value=number, year=year))


def _members(view: View) -> list[Value]:
    """Return the newest number of members, and how many of them the page names."""
    t = view.words
    told = [row for row in figures(view) if row["code"] == _MEMBERS]
    newest = max((row["year"] for row in told), default="")
    found = [
        replace(row["shown"], text=f"{row['qualifier']} {row['value']}".strip(), reference=0,
                aside=row["year"] or t("undated"), report="")
        for row in told
        if row["year"] == newest
    ]  # fmt: skip
    return [*found, *_counted(view, view.thing.incoming, "memberOf", "named-here")]


def _partners(view: View) -> list[Value]:
    """Return in how many undertakings it takes part, or how many take part in it."""
    coordinator = view.name(CODE + "role/coordinator")
    return [
        *(replace(one, aside=coordinator) for one in _values(view, CG + "coordinatedBy")),
        *_counted(view, view.thing.facts, "partnerIn", "partner-in"),
        *_counted(view, view.thing.incoming, "partnerIn", "partners-named"),
    ]


def _counted(view: View, facts: Iterable[Fact], name: str, key: str) -> list[Value]:
    """Return how many values a relation has, with a link to them."""
    return [
        Value(view.words(key, n=fact.total), "#g-relations")
        for fact in facts
        if fact.property == CG + name
    ]


def figures(view: View) -> list[dict[str, Any]]:
    """Return the figures: measure, year, value, reference; those that disagree are marked."""
    rows: list[dict[str, Any]] = []
    units = Words(view.visit.language, "columns")
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in view.thing.records.get("figure", ()):
        measure, year = one.text(CG + "measure"), one.text(CG + "figureYear")
        text = _number(view, one, "value") or one.text(CG + "textValue")
        seen[measure, year].add(text)
        rows.append(
            {
                "href": view.visit.link(one.iri),
                "code": measure,
                "measure": view.name(measure),
                "year": year,
                "value": text,
                "qualifier": _name(view, one, "qualifier"),
                "unit": units.value(unit := one.text(CG + "unit"), unit),
                "shown": _told(view, one, measure, text),
            }
        )
    for row in rows:
        # Two figures without a year may be of different years.
        row["disputed"] = bool(row["year"]) and len(seen[row["code"], row["year"]]) > 1
    return sorted(rows, key=lambda row: (row["measure"], row["year"]))


def awards(view: View) -> list[dict[str, Any]]:
    """Return the label awards and other awards, the newest first, and whether they hold today."""
    day = view.words.day
    rows = []
    for one in view.thing.records.get("award", ()):
        label = one.text(CG + "awardedLabel")
        on, until = one.text(CG + "awardedOn"), one.text(CG + "expiresOn")
        between = one.texts(CG + "awardedNotBefore", CG + "awardedNotAfter")
        dates = {name.removeprefix(CG): one.texts(name) for name in one.values}
        rows.append(
            {
                "href": view.visit.link(one.iri),
                "name": view.name(label or one.iri),
                "link": view.visit.link(label or one.iri),
                "on": day(on) or " – ".join(map(day, between)),
                "until": day(until),
                "seen": ", ".join(map(day, one.texts(CG + "heldOn"))),
                "order": on or "".join(between[:1]) or until,
                "status": held(dates, today()) if label else "",
                "by": _name(view, one, "awardedBy"),
                "shown": _told(view, one, label or one.iri),
            }
        )
    return sorted(rows, key=lambda row: str(row["order"]), reverse=True)


def _label(row: Mapping[str, Any]) -> Value:
    span = f"{row['on'] or '?'} – {row['until'] or '?'}"
    aside = span if row["on"] or row["until"] else row["seen"]
    return Value(row["name"], row["link"], marks=tuple(filter(None, [row["status"]])), aside=aside)


def amounts(view: View) -> list[dict[str, Any]]:
    """Return the amounts of money, each with its kind, currency, prices and status."""
    rows = []
    for one in view.thing.records.get("amount", ()):
        value, currency = _number(view, one, "amountValue"), one.text(CG + "currency")
        text = f"{value} {currency.rpartition('/')[2]}"
        rows.append(
            {
                "href": view.visit.link(one.iri),
                "kind": _name(view, one, "amountKind"),
                "text": text if value else view.words("no-data"),
                "prices": _name(view, one, "prices"),
                "status": _name(view, one, "amountStatus"),
                "shown": _told(view, one, CG + "hasAmount", text),
            }
        )
    return rows


def history(view: View) -> list[dict[str, Any]]:
    """Return what became of an organisation, and what it came from, the oldest first."""
    t = view.words
    found: dict[str, tuple[str, Record]] = {}
    for origin in ("change", "origin"):
        for one in view.thing.records.get(origin, ()):
            found.setdefault(one.iri, (origin, one))
    rows = []
    for origin, one in found.values():
        kind = one.text(CG + "changeKind").rpartition("/")[2]
        other = CG + ("resultingOrganisation" if origin == "change" else "changeOf")
        others = Markup(", ").join(
            Markup('<a href="{}">{}</a>').format(view.visit.link(iri), view.name(iri))
            for iri in one.texts(other)
        )
        key = f"{origin}-{kind}" + ("" if others else "-alone")
        text = escape(t(key)).format(other=others) if t.has(key) else view.name(one.iri)
        if former := one.text(CG + "formerName"):
            text += " " + escape(t("former-name", name=former))
        when = one.text(CG + "changedOn")
        ends = origin == "change" and when in view.thing.texts(CG + "dissolvedOn")
        rows.append(
            {
                "order": when,
                "when": f"{_name(view, one, 'qualifier')} {t.day(when)}".strip(),
                "text": text,
                "ends": bool(when) and ends,
                "shown": _told(view, one, CG + "changeKind"),
            }
        )
    return sorted(rows, key=lambda row: str(row["order"]))
