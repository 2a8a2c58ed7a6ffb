"""The ontology: its classes as a tree and a picture, its properties, a search, and each term."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
from markupsafe import Markup

from clustergraph.pages.frame import page
from clustergraph.pages.model import (
    CLASSES,
    PROPERTIES,
    Term,
    Texts,
    Usage,
    entries,
    entry,
    in_language,
    model,
    title_of,
    usage,
)  # fmt: skip
from clustergraph.pages.rendering import macros
from clustergraph.pages.rules import Rule, Wording, known
from clustergraph.pages.view import formats
from clustergraph.pages.visit import short
from clustergraph.protocol import Response
from clustergraph.sparql.answers import reading
from clustergraph.spelling import fold
from clustergraph.vocab import BASE, CG, INFERRED, PREFIXES, expand

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

_PROPERTIES: Final = ("object", "datatype", "annotation")
_TREE_OPEN: Final = 2
_BELOW: Final = PREFIXES["rdfs"] + "subClassOf"
_DRAWN: Final = tomllib.loads(
    (Path(__file__).parent / "data" / "diagram.toml").read_text(encoding="utf-8")
)
BOXES: Final[Mapping[str, tuple[int, int]]] = {
    expand(name): (column, row)
    for row, names in enumerate(_DRAWN["rows"])
    for column, name in enumerate(names)
    if name
}
"""Column and row of each class."""
ARROWS: Final = [
    (expand(start), expand(name), expand(end)) for start, name, end in _DRAWN["arrows"]
]
"""From which class which property leads to which other."""

_EXAMPLES: Final = """SELECT DISTINCT ?thing ?value
WHERE {{ GRAPH ?graph {{ {pattern} }} FILTER(?graph != $inferred && isIRI(?thing)) }}
LIMIT 8"""
_OURS: Final = re.compile(r"\bcg:([A-Za-z]\w*)")


def show(visit: Visit) -> Response:
    """Show the ontology."""
    whole = model()
    used = usage(visit)
    wanted = visit.parameter("q")
    modules = [
        {
            "name": module.name,
            "title": in_language(module.titles, visit.language)[0] or module.name,
            "description": module.description,
            "classes": [term for term in whole.own("class") if term.module == module.name],
            "properties": entries(
                visit,
                (term for term in whole.own(*_PROPERTIES) if term.module == module.name),
                used,
            ),
        }
        for module in whole.modules.values()
    ]
    inferred = ox.NamedNode(INFERRED)
    return page(
        visit,
        "ontology",
        wanted=wanted,
        found=[entry(visit, term, used) for term in _found(wanted)] if wanted else [],
        counts={
            "classes": len(whole.own("class")),
            "properties": len(whole.own(*_PROPERTIES)),
            "alignments": sum(len(term.alignments) for term in whole.terms.values()),
            "modules": len(modules),
        },
        version=whole.version,
        tree=[_branch(visit, term, used, 0) for term in whole.roots()],
        picture=_diagram(visit, used.classes),
        arrows=ARROWS,
        kind_of=_BELOW,
        title=lambda iri: title_of(visit, iri),
        modules=modules,
        inferred=sum(used.inferred.values()),
        class_query=visit.query_text(CLASSES, inferred=inferred),
        property_query=visit.query_text(PROPERTIES, inferred=inferred),
    )  # fmt: skip


def _branch(visit: Visit, term: Term, used: Usage, depth: int) -> dict[str, Any]:
    """Return a class with all that is below it."""
    whole = model()
    below = [whole.terms[one] for one in term.below if whole.terms[one].kind == "class"]
    branches = [_branch(visit, one, used, depth + 1) for one in below]
    return {
        "entry": entry(visit, term, used),
        "below": sorted(branches, key=lambda one: visit.order(one["entry"]["title"])),
        "all": sum(used.stated(one) for one in (term.iri, *whole.descendants(term.iri))),
        "open": depth < _TREE_OPEN,
    }


def _found(wanted: str) -> list[Term]:
    """Return the terms that hold all words looked for, those that have them in their name first."""
    words = fold(wanted).split()
    ranked = []
    for term in model().own():
        names = fold(" ".join((term.name, *term.labels.values())))
        texts = fold(" ".join((*term.definitions.values(), *term.notes.values())))
        if all(word in names or word in texts for word in words):
            ranked.append((not all(word in names for word in words), len(term.name), term))
    return [term for *_, term in sorted(ranked, key=lambda one: one[:2])]


def _diagram(visit: Visit, counts: Mapping[str, int]) -> Markup:
    """Return the picture of the ontology, with how many things there are of each class.

    Where the boxes stand is decided by hand (``data/diagram.toml``), since no arithmetic lays out
    twenty boxes as readably.
    """
    t, terms = visit.words("ontology"), model().terms
    boxes = [
        {
            "at": at,
            "title": title_of(visit, iri),
            "count": t.number(counts.get(iri)),
            "style": f"in-{terms[iri].module}" if iri in terms and terms[iri].ours else "foreign",
            "href": visit.link(iri) if iri in terms else "",
        }
        for iri, at in BOXES.items()
    ]
    arrows = [
        {
            "start": BOXES[start],
            "end": BOXES[end],
            "title": t("kind-of") if name == _BELOW else title_of(visit, name),
            "href": "" if name == _BELOW else visit.link(name),
        }
        for start, name, end in ARROWS
    ]
    drawn: Markup = macros("pictures.html").diagram(t("diagram"), t("diagram-desc"), arrows, boxes)
    return drawn


def is_term(iri: str) -> bool:
    """Say whether the shipped ontology defines a term."""
    found = model().terms.get(iri)
    return found is not None and found.ours


def term(visit: Visit, iri: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return the page of a term.

    Args:
        visit: who sees it.
        iri: the term, one for which `is_term` holds.
        headers: further headers of the response.
    """
    whole = model()
    one = whole.terms[iri]
    used = usage(visit)
    is_class = one.kind == "class"
    node = ox.NamedNode(iri)
    properties = whole.own(*_PROPERTIES) if is_class else []
    outgoing = [each for each in properties if iri in each.domains]
    incoming = [each for each in properties if iri in each.ranges]
    pattern = "?thing a $term" if is_class else "?thing $term ?value"
    return page(
        visit,
        "term",
        headers=headers,
        entry=entry(visit, one, used),
        other=one.labels.get("cs" if visit.language == "en" else "en", ""),
        short=short,
        module=in_language(whole.modules[one.module].titles, visit.language)[0] or one.module,
        definition=_linked(visit, one.definitions),
        note=_linked(visit, one.notes),
        title=lambda iri: title_of(visit, iri),
        ordered=lambda iris: sorted(iris, key=lambda iri: visit.order(title_of(visit, iri))),
        lines=_line(one),
        narrower=[each for each in one.below if whole.terms[each].ours],
        rules=_rules(visit, one),
        outgoing=entries(visit, outgoing, used),
        incoming=entries(visit, incoming, used),
        below=sum(map(used.stated, whole.descendants(iri))),
        inferred=used.inferred.get(iri, 0),
        examples=_examples(visit, node, pattern),
        query=visit.query_text(f"SELECT * WHERE {{ {pattern} }}", term=node),
        formats=formats(visit, iri),
    )


def _linked(visit: Visit, texts: Texts) -> tuple[Markup, str]:
    """Return a text in which the terms that it names are links, and its language."""
    text, language = in_language(texts, visit.language)

    def link(match: re.Match[str]) -> str:
        if CG + match[1] not in model().terms:
            return match[0]
        link = Markup('<a href="{}">{}</a>')
        return str(link.format(visit.link(CG + match[1]), title_of(visit, CG + match[1])))

    return Markup(_OURS.sub(link, str(Markup.escape(text)))), language  # noqa: S704 - escaped


def _line(one: Term) -> list[list[str]]:
    """Return the ways from the top down to a term, each without the term itself."""
    terms = model().terms
    return [
        [*way, above]
        for above in one.above
        if above in terms
        for way in _line(terms[above]) or [[]]
    ]


def _rules(visit: Visit, one: Term) -> list[dict[str, Any]]:
    """Return the rules about a term, by the class that asks them, its own first."""
    say = Wording(visit)
    groups: dict[str, list[Rule]] = {}
    if one.kind == "class":
        for iri in (one.iri, *model().ancestors(one.iri)):
            groups[iri] = [rule for rule in known().values() if iri in rule.classes]
    else:
        for rule in known().values():
            if one.iri in rule.predicates:
                # A rule for many classes is told once.
                key = rule.classes[0] if len(rule.classes) == 1 else ""
                groups.setdefault(key, []).append(rule)
    seen: set[str] = set()
    found = []
    for iri, rules in groups.items():
        new = [rule for rule in rules if rule.key not in seen]
        seen.update(rule.key for rule in new)
        if new:
            rows = [(rule, say.subject(rule), say.says(rule)) for rule in new]
            found.append({"class": iri, "rows": rows})
    return found


def _examples(visit: Visit, node: ox.NamedNode, pattern: str) -> list[list[tuple[str, str] | None]]:
    """Return things of a class, or statements with a property: what each shows, and leads to."""
    text = _EXAMPLES.format(pattern=pattern)
    with reading():
        rows = [*map(tuple, visit.solutions(text, term=node, inferred=ox.NamedNode(INFERRED)))]
    names = visit.names(one.value for row in rows for one in row if isinstance(one, ox.NamedNode))

    def shown(one: Any) -> tuple[str, str] | None:
        if not isinstance(one, ox.NamedNode):
            return None if one is None else (str(getattr(one, "value", one)), "")
        ours = one.value.startswith(BASE) or one.value in names
        return names.get(one.value, short(one.value)), visit.link(one.value) if ours else ""

    return [[shown(one) for one in row] for row in rows]
