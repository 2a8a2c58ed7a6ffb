"""The pages about the service: what it is, its method, how to cite it, whom to ask, legal matters.

Each is a text in ``templates/about``, one file a language. Reports of errors lead to whom these
pages name.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from clustergraph.pages.frame import page
from clustergraph.vocab import BASE

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.protocol import Response

PAGES: Final = ("about", "method", "cite", "contact", "legal", "accessibility")
"""The pages, in the order of the footer."""

_MOST_VALUE: Final = 300


def show(visit: Visit) -> Response:
    """Show one of the pages."""
    name = visit.path.removeprefix("/")
    visit.place = name
    committed = visit.context.committed_at
    return page(
        visit,
        "about",
        name=name,
        pages=PAGES,
        legal=list(_paragraphs(visit.context.config.operator.legal)),
        stamp=time.strftime("%Y-%m-%d", time.gmtime(committed)) if committed else "",
        report=report(visit, "", "", "", ""),
        namespace=BASE,
    )


def report(visit: Visit, thing: str, name: str, value: str, source: str) -> str:
    """Return an address that reports an error in a fact; empty: the operator wants no reports.

    Args:
        visit: who sees the page that it is reported from.
        thing: the IRI of the thing; empty: the report is about no thing in particular.
        name: the property, in words.
        value: the value, as the page shows it.
        source: the source that the page gives for it.
    """
    operator = visit.context.config.operator
    if not operator.report_address and not operator.contact:
        return ""
    t = visit.words("about")
    value = value[:_MOST_VALUE]
    told = {"thing": thing, "property": name, "value": value, "source": source}
    about = [f"{t('report-' + key)}: {text}" for key, text in told.items() if text]
    page_ = visit.base + visit.here
    lines = [*about, f"{t('report-page')}: {page_}", "", t("report-ask"), ""]
    subject = thing.rpartition("/")[2]
    title = t("report-title", thing=subject, name=name) if thing else t("report-any")
    filled = {**told, "title": title, "body": "\r\n".join(lines)}
    mail = f"mailto:{operator.contact}?subject={{title}}&body={{body}}"
    address = operator.report_address or mail
    for key, text in filled.items():
        address = address.replace(f"{{{key}}}", quote(text, safe=""))
    return address


def _paragraphs(text: str) -> list[tuple[str, str]]:
    """Return a plain text as elements of HTML: name and content."""
    found = []
    for part in text.replace("\r\n", "\n").split("\n\n"):
        if line := " ".join(part.split()):
            heading = line.startswith("#")
            found.append(("h2" if heading else "p", line.lstrip("# ")))
    return found
