"""A ready question: its blanks as a form, and its answer as its author wants it drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from clustergraph.errors import ClusterGraphError
from clustergraph.pages import outcome, results
from clustergraph.pages.frame import page
from clustergraph.pages.mapped import mapped
from clustergraph.pages.readable import explained, heading, readable, summary
from clustergraph.protocol import Response, questions
from clustergraph.protocol.query import lasting
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.questions.choices import Choice, choices_of
from clustergraph.questions.names import resolve
from clustergraph.questions.parameters import ALL, TODAY, Parameter, namespace

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["Blank", "show"]

# A list of more than this is no longer chosen from, but typed into, with suggestions.
_MOST_CHOICES: Final = 300
_COUNTRIES: Final = "SELECT DISTINCT ?country { ?thing cg:country ?country }"
# Of these there are thousands.
_ENDLESS: Final = ("nuts", "nace")
# Parameters of the page itself, unless the question has one of that name.
_OWN: Final = ("rows", "format", "timeout", "page", "size", "version", "picture", "lang")


@dataclass(frozen=True, slots=True)
class Blank:
    """A parameter as a field of a form.

    Attributes:
        parameter: the parameter.
        values: what is filled in.
        choices: what may be; empty: whatever its type allows.
        field: ``boxes``, ``select``, ``date`` or ``text``.
    """

    parameter: Parameter
    values: tuple[str, ...]
    choices: tuple[Choice, ...]
    field: str


def show(visit: Visit) -> Response:
    """Ask a question with the values of the address, or with its own; show form and answer.

    Raises:
        UnknownNameError: no such question.
    """
    question = catalogue.find(visit.captured["name"])
    given = {name: values for name, values in visit.parameters.items() if _meant(name, question)}
    if "format" in visit.parameters and "format" not in question.parameters:
        # A download, of a browser that would rather have a page.
        return questions.answer(visit.request, visit.context)
    given = {name: [ALL] if ALL in values else values for name, values in given.items()}
    for one in question.parameters.values():
        if one.type == "lang" and visit.language in one.choices:
            given.setdefault(one.name, [visit.language])
    values: dict[str, Any] = {"outcome": None, "fault": None, "told": ""}
    status, text = 200, question.body
    missing = [
        one.name
        for one in question.parameters.values()
        if not (one.default or one.optional or one.name in given)
    ]
    try:
        if visit.refused:
            raise visit.refused
        if not missing:
            given = resolve(question.parameters, given, visit.engine)
            text = _bare(question.bind(given))
            found = outcome.gather(
                visit,
                lambda: catalogue.ask(question, visit.engine, given),
                results.most_rows(visit),
                {key: str(value) for key, value in question.plot.items()},
            )
            values |= {
                "outcome": readable(visit, found),
                "told": summary(question, found, visit.language),
                **_elsewhere(visit, found, question, given),
            }
            values["pictures"] = mapped(visit, found, question.summary_in(visit.language))
    except ClusterGraphError as error:
        status, values["fault"] = results.fault(error)
    return page(
        visit,
        "question",
        status=status,
        cacheable=status == 200 and lasting(text),
        question=question,
        description=explained(
            " ".join(question.description_in(visit.language).split()), visit.language
        ),
        blanks=[_blank(one, given, visit) for one in question.parameters.values()],
        missing=[heading(name, visit.language) for name in missing],
        heading=partial(heading, language=visit.language),
        text=text,
        most=results.most_rows(visit),
        **results.about(visit),
        **values,
    )


def _meant(name: str, question: Question) -> bool:
    return name in question.parameters or name not in _OWN


def _bare(text: str) -> str:
    """Return a query without the lines of its header."""
    lines = (line for line in text.splitlines() if not line.startswith("#+"))
    return "\n".join(lines).strip() + "\n"


def _blank(parameter: Parameter, given: Mapping[str, list[str]], visit: Visit) -> Blank:
    values = tuple(given.get(parameter.name, parameter.default))
    if parameter.optional and not values:
        values = (ALL,)
    choices = _choices(parameter, visit)
    if parameter.type == "date":
        field = "date"
        # A field for dates of a browser shows no word.
        values = tuple(parameter.terms((TODAY,))[0].value if v == TODAY else v for v in values)
    elif not choices or len(choices) > _MOST_CHOICES:
        field = "text"
    else:
        field = "boxes" if parameter.several else "select"
    return Blank(parameter, values, choices if field != "text" else (), field)


def _choices(parameter: Parameter, visit: Visit) -> tuple[Choice, ...]:
    """Return what may be filled in, looked up once a generation."""
    if parameter.type in _ENDLESS:
        return ()
    key = f"choices {parameter.type} {parameter.choices} {visit.language}"
    if key not in visit.context.memory:
        found = choices_of(parameter, visit.engine, visit.language) or []
        if parameter.type == "country":
            # Most countries of the world have nothing here.
            used = {row.country for row in visit.select(_COUNTRIES)}
            space = namespace(parameter.type) or ""
            found = [one for one in found if space + one.value in used]
        visit.context.memory[key] = tuple(found)
    known: Any = visit.context.memory[key]
    return tuple(known)


def _elsewhere(
    visit: Visit, found: outcome.Outcome, question: Question, given: Mapping[str, list[str]]
) -> dict[str, Any]:
    path = f"/queries/{question.name}"
    return {
        "downloads": results.downloads(found, visit.url(path), given),
        "copies": {
            "curl": results.curl(found, visit.base + path, given),
            "python": results.python(found, visit.base, question.name, given),
            "frame": results.frame(found, visit.base, question.name, given),
        },
        "link": visit.url(path, **given, version=visit.generation),
    }
