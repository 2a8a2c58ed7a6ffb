"""The parameters of a question: their types, and the RDF terms that written values become."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final

import msgspec
import pyoxigraph as ox

from clustergraph.errors import ParameterError, did_you_mean, near
from clustergraph.vocab import CG, CODE, ID, PREFIXES

ALL: Final = "all"
"""The value by which an optional parameter sets no condition."""

TODAY: Final = "today"
"""The day on which a question is asked (UTC): a value and default of a date."""

_XSD: Final = PREFIXES["xsd"]
_SLUG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SECTION: Final = re.compile(r"^[A-U](?=\d)")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_PREFIXED: Final = re.compile(r"([A-Za-z][\w.-]*):(\S+)")
# ISO 3166 for what EU statistics write otherwise.
_COUNTRY_ALIASES: Final = {"EL": "GR", "UK": "GB"}

Term = ox.NamedNode | ox.Literal
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A blank that a question leaves to be filled in.

    Attributes:
        name: also the SPARQL variable (without ``?``) that carries it.
        type: a name that `is_type` accepts.
        description: what to fill in, for people.
        default: the values when none is given; empty: see ``optional``.
        optional: may be left without a value, and then sets no condition.
        several: takes more than one value, any of which may match.
        choices: the only values allowed, as written; empty: any.
        description_cs: the description in Czech; empty: there is none.
    """

    name: str
    type: str
    description: Text
    default: tuple[str, ...] = ()
    optional: bool = False
    several: bool = False
    choices: tuple[str, ...] = ()
    description_cs: str = ""

    def description_in(self, language: str) -> str:
        """Return what to fill in, in ``en`` or ``cs``; in English where there is no other."""
        return (self.description_cs if language == "cs" else "") or self.description

    def terms(self, given: tuple[str, ...]) -> tuple[Term, ...]:
        """Return the terms for the values that were given, or for the default.

        Args:
            given: the values as written; empty: none were given.

        Returns:
            The terms; empty: no condition.

        Raises:
            ParameterError: a value is missing, of the wrong type, or one too many.
        """
        values = given or self.default
        if self.optional and (not values or [value.strip() for value in values] == [ALL]):
            return ()
        if not values:
            raise ParameterError(f"{self.name} needs a value: {self.name}=… ({self.description})")
        if len(values) > 1 and not self.several:
            raise ParameterError(
                f"{self.name} takes one value, but {len(values)} were given: {', '.join(values)}"
            )
        return tuple(dict.fromkeys(self._term(value.strip()) for value in values))

    def _term(self, value: str) -> Term:
        if self.choices and value not in self.choices:
            hint = did_you_mean(near(value, self.choices, limit=1))
            raise ParameterError(
                f"{self.name}: {value!r} is none of {', '.join(self.choices)}{hint}"
            )
        space = namespace(self.type)
        try:
            return _name(value, space, self.type) if space else _SCALARS[self.type](value)
        except ValueError as error:
            raise ParameterError(f"{self.name}: {value!r} is not {error}") from None


def is_type(name: str) -> bool:
    """Say whether ``name`` is a type of parameter.

    Plain types are in the manual (docs/queries.md); ``code/LIST`` and ``id/TYPE`` name the
    entries of a code list and the things of a type by their slugs.
    """
    return name in _SCALARS or namespace(name) is not None


def namespace(type_: str) -> str | None:
    """Return the namespace in which a type's short values are names; None: it has none."""
    if type_ in _NAMESPACES:
        return _NAMESPACES[type_]
    room, _, rest = type_.partition("/")
    if room in ("code", "id") and _SLUG.fullmatch(rest):
        return f"{CODE if room == 'code' else ID}{rest}/"
    return None


_NAMESPACES: Final[Mapping[str, str]] = {
    "class": CG,
    "country": CODE + "country/",
    "ecosystem": ID + "ecosystem/",
    "label-level": CODE + "label-level/",
    "nace": PREFIXES["nace"],
    "nuts": PREFIXES["nuts"],
}


def _name(value: str, space: str, type_: str) -> ox.NamedNode:
    """Return the IRI of a short name (or of an IRI or prefixed name) within a namespace."""
    if ":" in value:
        node = iri_of(value)
        if not node.value.startswith(space):
            raise ValueError(f"in {space}")
        return node
    if type_ in ("country", "nuts", "nace"):
        value = value.upper()
    if type_ == "country":
        value = _COUNTRY_ALIASES.get(value, value)
    if type_ == "nace":
        # The official IRIs write the codes without the dot, 01.1 is …/nace2/011, and without the
        # letter of the section that Eurostat's tables put before it, C24 is …/nace2/24.
        value = _SECTION.sub("", value.replace(".", ""))
    if not _SLUG.fullmatch(value):
        raise ValueError(f"a name such as stand in {space}")
    return ox.NamedNode(space + value)


def iri_of(value: str) -> ox.NamedNode:
    """Return the IRI that is written: absolute, in angle brackets or not, or a prefixed name.

    Raises:
        ValueError: it is none; says what would be one.
    """
    value = value.removeprefix("<").removesuffix(">")
    match = _PREFIXED.fullmatch(value)
    if match and match[1] in PREFIXES and not match[2].startswith("//"):
        value = PREFIXES[match[1]] + match[2]
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value):
        raise ValueError("an absolute IRI or a name with a project prefix, such as cg:Cluster")
    try:
        return ox.NamedNode(value)
    except ValueError:
        raise ValueError("an IRI") from None


def _typed(datatype: str, pattern: str, expected: str) -> Callable[[str], Term]:
    compiled = re.compile(pattern, re.ASCII)
    node = ox.NamedNode(_XSD + datatype)

    def convert(value: str) -> Term:
        if not compiled.fullmatch(value):
            raise ValueError(expected)
        return ox.Literal(value, datatype=node)

    return convert


def _boolean(value: str) -> Term:
    spellings = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if value.lower() not in spellings:
        raise ValueError("true or false")
    return ox.Literal(spellings[value.lower()])


def _language(value: str) -> Term:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("a language tag such as en or cs")
    return ox.Literal(value.lower())


def _date(value: str) -> Term:
    from datetime import UTC, date, datetime

    if value == TODAY:
        value = datetime.now(UTC).date().isoformat()
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValueError
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("a date such as 2024-03-31, or today") from None
    return ox.Literal(value, datatype=ox.NamedNode(_XSD + "date"))


_SCALARS: Final[Mapping[str, Callable[[str], Term]]] = {
    "boolean": _boolean,
    "date": _date,
    "decimal": _typed("decimal", r"[+-]?(\d+\.?\d*|\.\d+)", "a number such as 2.5"),
    "integer": _typed("integer", r"[+-]?\d+", "a whole number"),
    "iri": iri_of,
    "lang": _language,
    "string": ox.Literal,
    "year": _typed("gYear", r"\d{4}", "a year such as 2024"),
}
