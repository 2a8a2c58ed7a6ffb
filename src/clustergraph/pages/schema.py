"""What search engines read in the page of a thing: JSON-LD in the terms of schema.org."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from clustergraph.vocab import CG, CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.facts import Thing
    from clustergraph.pages.visit import Visit

__all__ = ["described"]

_TYPES: Final = {
    "ClusterOrganisation": "Organization", "TechnologyPlatform": "Organization",
    "Company": "Corporation", "University": "CollegeOrUniversity", "School": "School",
    "ResearchOrganisation": "ResearchOrganization", "PublicInstitution": "GovernmentOrganization",
    "EUInstitution": "GovernmentOrganization", "EUAgency": "GovernmentOrganization",
    "PublicAgency": "GovernmentOrganization", "Government": "GovernmentOrganization",
    "Association": "NGO", "NonProfitOrganisation": "NGO", "ClusterAssociation": "Organization",
    "ClusterNetwork": "Organization", "NationalClusterAssociation": "Organization",
    "Eurocluster": "Project", "Project": "Project", "Person": "Person", "Event": "Event",
    "Publication": "CreativeWork", "Strategy": "CreativeWork", "LegalAct": "Legislation",
    "PolicyDocument": "CreativeWork", "FundingProgramme": "Grant",
    "Country": "Country", "Region": "AdministrativeArea", "Place": "Place", "Service": "Service",
}  # fmt: skip


def described(visit: Visit, thing: Thing) -> Markup:
    """Return a thing in terms of schema.org, to stand in a ``script`` of type JSON-LD."""
    kinds = [
        _TYPES[name]
        for one in thing.values.get(PREFIXES["rdf"] + "type", ())
        if (name := str(getattr(one, "value", "")).removeprefix(CG)) in _TYPES
    ]
    kind = kinds[0] if kinds else "Thing"
    content: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": kind,
        "@id": thing.iri,
        "name": thing.name(thing.iri),
        "url": visit.base + visit.link(thing.iri).removeprefix(visit.root),
    }
    other = {one.value for one in thing.titles} - {content["name"]}
    if other:
        content["alternateName"] = sorted(other)
    if text := thing.text(PREFIXES["dcterms"] + "description"):
        content["description"] = text
    if (page := thing.text(PREFIXES["cg"] + "website")).startswith(("http://", "https://")):
        content["sameAs"] = page
    if (year := thing.text(CG + "foundingYear")) and "Organization" in kind:
        content["foundingDate"] = year
    country = thing.text(CG + "country").removeprefix(CODE + "country/")
    if country and kind not in ("CreativeWork", "Grant", "Legislation", "Country"):
        address = {"@type": "PostalAddress", "addressCountry": country}
        if city := thing.text(CG + "city"):
            address["addressLocality"] = city
        content["address" if kind not in ("Event", "Project") else "location"] = address
    # No text may end the script early.
    text = json.dumps(content, ensure_ascii=False, indent=1)
    for mark, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(mark, code)
    return Markup(text)  # noqa: S704 - nothing in it is markup any more
