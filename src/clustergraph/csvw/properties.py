"""The properties of metadata documents, one by one: what each may hold, and its default.

Source: Metadata Vocabulary for Tabular Data, sections 5.1 (syntaxes of properties), 5.7 (inherited
properties), 5.9 (dialects), 5.10 (transformations) and 5.11 (datatypes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pyoxigraph import BlankNode, Literal, NamedNode

from clustergraph.csvw.datatypes import FACETS, LENGTHS, Datatype, DatatypeError
from clustergraph.csvw.descriptions import Dialect
from clustergraph.csvw.files import Files
from clustergraph.csvw.formats import FormatError
from clustergraph.csvw.names import (
    BUILT_IN_DATATYPES,
    LANGUAGE_TAG,
    PREFIXES,
    RDF,
    expand,
    is_iri,
    resolve,
)
from clustergraph.csvw.places import Diagnostics, Place
from clustergraph.rdf.xsd import XSD
from clustergraph.vocab import CG
from clustergraph.vocab import PREFIXES as PROJECT_PREFIXES

__all__ = [
    "INHERITED",
    "Scope",
    "annotation_triples",
    "check_transformations",
    "field_name",
    "read_common",
    "read_dialect",
    "read_inherited",
    "read_value",
]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where in which document reading stands: resolves URLs and files reports."""

    files: Files
    diagnostics: Diagnostics
    url: str
    base: str
    language: str = "und"
    trail: str = ""

    @property
    def place(self) -> Place:
        """The document, as the place of a fault."""
        return Place(self.files.path(self.url))

    def at(self, step: str | int) -> Scope:
        """Return the scope of a property or of an item of an array."""
        joint = f"[{step}]" if isinstance(step, int) else f".{step}" if self.trail else step
        return replace(self, trail=self.trail + joint)

    def warn(self, message: str, value: Any = None) -> None:
        """Report something that is ignored."""
        self.diagnostics.warn(self.place, self._located(message), value=str(value or ""))

    def fail(self, message: str, value: Any = None) -> None:
        """Report an error after which the tables cannot be read."""
        self.diagnostics.fail(self.place, self._located(message), value=str(value or ""))

    def _located(self, message: str) -> str:
        return f"{self.trail}: {message}" if self.trail else message


# Any object ---------------------------------------------------------------------------------


def read_common(
    raw: Mapping[str, Any], kind: str, known: Collection[str], scope: Scope
) -> tuple[str | None, dict[str, Any]]:
    """Read what any object of a metadata document may have.

    Args:
        raw: the object.
        kind: what its ``@type`` must be, if given.
        known: the properties of such objects; any other must be a common property.
        scope: where it stands.

    Returns:
        its ``@id`` as an absolute URL, if it has one, and its common properties by their IRIs.
    """
    if (given := raw.get("@type", kind)) != kind:
        scope.fail(f"@type must be {kind}", given)
    annotations: dict[str, Any] = {}
    for key, value in raw.items():
        if key in known or key in {"@id", "@type", "@context"}:
            continue
        # To other processors ``cg:codeList`` is an absolute URL of a scheme that they do not know,
        # and so an annotation to be passed over.
        iri = CG + key.removeprefix("cg:") if key.startswith("cg:") else expand(key)
        if iri is None or ":" not in key or not is_iri(iri):
            scope.warn(f"{key!r} is not a property that can stand here; ignored", value)
            continue
        try:
            check_annotation(value)
            annotations[iri] = value
        except AnnotationError as error:
            scope.at(key).fail(str(error), value)
    return _read_id(raw.get("@id"), scope), annotations


def _read_id(value: Any, scope: Scope) -> str | None:
    """Return ``@id`` as an absolute URL; what is no string names the base (5.1.2)."""
    if value is None:
        return None
    if not isinstance(value, str):
        scope.warn("@id must be a URL; taken as empty", value)
        value = ""
    iri = resolve(value, scope.base)
    if value.startswith("_:") or not is_iri(iri):
        scope.fail("@id must be a URL and no blank node", value)
        return None
    return iri


def check_transformations(raw: Mapping[str, Any], scope: Scope) -> None:
    """Check ``transformations``, which are only described here, never run (5.10)."""
    for number, item in enumerate(read_value(raw, "transformations", scope, [])):
        at = scope.at("transformations").at(number)
        if not isinstance(item, dict):
            at.warn("a transformation must be an object; ignored", item)
            continue
        required = ("url", "scriptFormat", "targetFormat")
        read_common(item, "Template", {*required, "source", "titles"}, at)
        for key in required:
            if not isinstance(item.get(key), str):
                at.fail(f"a transformation must have a URL in `{key}`", item.get(key))


# Single values ------------------------------------------------------------------------------


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and LANGUAGE_TAG.fullmatch(value) is not None


def _is_encoding(value: Any) -> bool:
    try:
        return isinstance(value, str) and "".encode(value) is not None
    except (LookupError, ValueError):
        return False


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_character(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1 and value not in "\r\n"


_Check = tuple[Callable[[Any], bool], str]
_TEMPLATES: Final = ("aboutUrl", "propertyUrl", "valueUrl")
_BOOLEAN: Final = (_is_boolean, "true or false")
_ARRAY: Final = (lambda v: isinstance(v, list), "an array")
_INHERITED: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(_TEMPLATES, (_is_string, "a URI template")),
    **dict.fromkeys(("ordered", "required"), _BOOLEAN),
    "default": (_is_string, "a string"),
    "lang": (_is_language, "a language tag"),
    "separator": (lambda v: v is None or (_is_string(v) and v != ""), "a string or null"),
    "textDirection": (("ltr", "rtl", "auto", "inherit").__contains__, "a text direction"),
}
_DIALECT: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("doubleQuote", "header", "skipBlankRows", "skipInitialSpace"), _BOOLEAN),
    **dict.fromkeys(
        ("headerRowCount", "skipColumns", "skipRows"), (_is_count, "a whole number from 0")
    ),
    "commentPrefix": (lambda v: v is None or _is_string(v), "a string or null"),
    "delimiter": (_is_character, "one character"),
    "encoding": (_is_encoding, "the name of an encoding"),
    "lineTerminators": (
        lambda v: all(map(_is_string, v if isinstance(v, list) else [v])),
        "a string or an array of strings",
    ),
    "quoteChar": (lambda v: v is None or _is_character(v), "one character or null"),
    "trim": (
        lambda v: _is_boolean(v) or v in ("true", "false", "start", "end"),
        "true, false, start or end",
    ),
}
_VALID: Final[Mapping[str, _Check]] = {
    **_INHERITED,
    **_DIALECT,
    **dict.fromkeys(("suppressOutput", "virtual"), _BOOLEAN),
    **dict.fromkeys(("columns", "foreignKeys", "notes", "tables", "transformations"), _ARRAY),
    "tableDirection": (("rtl", "ltr", "auto").__contains__, "rtl, ltr or auto"),
}
INHERITED: Final = frozenset({"datatype", "null", *_INHERITED})
"""Properties that a group, table or schema hands down to its columns."""


def read_value(raw: Mapping[str, Any], key: str, scope: Scope, default: Any) -> Any:
    """Return a property, or the default if it is absent or not what it must be."""
    value = raw.get(key, default)
    valid, wanted = _VALID[key]
    if key in raw and not valid(value):
        scope.at(key).warn(f"must be {wanted}; ignored", value)
        return default
    return value


def field_name(key: str) -> str:
    """Return the name of the field that holds a property: ``aboutUrl`` is ``about_url``."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key)


def read_inherited(
    raw: Mapping[str, Any], outer: Mapping[str, Any], scope: Scope
) -> dict[str, Any]:
    """Return the inherited properties that hold in an object, given those that hold outside."""
    values = dict(outer)
    for key in INHERITED & raw.keys():
        value = raw[key]
        if key == "datatype":
            values[key] = _read_datatype(value, scope.at(key))
        elif key == "null":
            items = value if isinstance(value, list) else [value]
            texts = tuple(filter(_is_string, items))
            if len(texts) < len(items):
                scope.at(key).warn("must be strings; the rest is ignored", value)
            if texts or not items:
                values[key] = texts
        else:
            # A template that is none is taken as empty (5.1.3).
            default = "" if key in _TEMPLATES else _MISSING
            value = read_value(raw, key, scope, default)
            if value is not _MISSING:
                values[key] = value
            if key in _TEMPLATES:
                _check_prefix(value, scope.at(key))
    return values


_MISSING: Final = object()


def _check_prefix(template: str, scope: Scope) -> None:
    """Report a prefix of this project, which CSVW does not know: other processors keep it as is."""
    prefix, colon, local = template.partition(":")
    if colon and prefix in PROJECT_PREFIXES and prefix not in PREFIXES and local[:1].isalpha():
        scope.fail(
            f"{prefix}: is no prefix of CSVW; write {PROJECT_PREFIXES[prefix]}{local}", template
        )


def _read_datatype(raw: Any, scope: Scope) -> Datatype:
    """Read a datatype: the name of a built-in one, or a description (5.11)."""
    description = {"base": raw} if isinstance(raw, str) else raw
    if not isinstance(description, dict):
        scope.warn("a datatype must be a name or an object; taken as string", raw)
        return Datatype()
    base = description.get("base", "string")
    if not isinstance(base, str) or base not in BUILT_IN_DATATYPES:
        name = str(base).rpartition(":")[2]
        hint = f"; write {name!r}" if name in BUILT_IN_DATATYPES and name != base else ""
        scope.warn(f"{base!r} is not a built-in datatype; treated as string{hint}", base)
        base = "string"
    identifier, _ = read_common(description, "Datatype", FACETS.keys() | {"base", "format"}, scope)
    if identifier in BUILT_IN_DATATYPES.values():
        scope.fail("@id must not be the IRI of a built-in datatype", identifier)
    facets: dict[str, Any] = {}
    for key in sorted(FACETS.keys() & description.keys()):
        value = description[key]
        if _is_count(value) if key in LENGTHS else isinstance(value, str | int | float):
            facets[key] = value
        else:
            scope.at(key).warn("must be a number, or a string for values; ignored", value)
    format_ = description.get("format")
    if not (format_ is None or isinstance(format_, str | dict)):
        scope.warn("format must be a string or an object; ignored", format_)
        format_ = None
    try:
        try:
            return Datatype(base, identifier, format_, facets)
        except FormatError as error:
            scope.warn(f"{error}; ignored", format_)
            return Datatype(base, identifier, None, facets)
    except DatatypeError as error:
        scope.fail(str(error))
        return Datatype(base, identifier)


def read_dialect(raw: Any, scope: Scope) -> Dialect | None:
    """Read a dialect description; None where it is none and the default holds."""
    if not isinstance(raw, dict):
        scope.warn("a dialect must be an object; ignored", raw)
        return None
    read_common(raw, "Dialect", _DIALECT.keys() | {"url"}, scope)
    values = {
        field_name(key): value
        for key in _DIALECT.keys() & raw.keys()
        if (value := read_value(raw, key, scope, _MISSING)) is not _MISSING
    }
    header = values.pop("header", True)
    values.setdefault("header_row_count", 1 if header else 0)
    if values.get("delimiter", ",") == values.get("quote_char", '"'):
        scope.fail("delimiter and quoteChar must differ")
    if (ends := values.get("line_terminators")) is not None:
        values["line_terminators"] = (ends,) if isinstance(ends, str) else tuple(ends)
    if values.get("trim") in ("true", "false"):
        values["trim"] = values["trim"] == "true"
    return Dialect(**values)


# Common properties: a restricted JSON-LD (sections 5.8 and 6.2; Generating RDF, section 4.5) ---

JsonTriple = tuple[NamedNode | BlankNode, NamedNode, NamedNode | BlankNode | Literal]

_TYPE: Final = NamedNode(RDF + "type")
_VALUE_KEYS: Final = frozenset({"@value", "@type", "@language"})
_DATATYPES: Final = {bool: XSD + "boolean", int: XSD + "integer", float: XSD + "double"}


class AnnotationError(ValueError):
    """A value that JSON-LD may know but CSVW metadata do not allow."""


def check_annotation(value: Any) -> None:
    """Check the value of a common property.

    Raises:
        AnnotationError: it breaks a rule of section 5.8.2.
    """
    if isinstance(value, list):
        for item in value:
            check_annotation(item)
    if not isinstance(value, dict):
        return
    is_value = "@value" in value
    if is_value and (value.keys() - _VALUE_KEYS or {"@type", "@language"} <= value.keys()):
        raise AnnotationError("beside @value stands either @type or @language and nothing else")
    for key, item in value.items():
        if key == "@type":
            for name in item if isinstance(item, list) else [item]:
                if not isinstance(name, str) or not is_iri(expand(name) or ""):
                    raise AnnotationError(f"@type is {name!r}, no term, prefixed name or URL")
        elif key == "@value":
            if isinstance(item, dict | list):
                raise AnnotationError("@value must be a string, number or boolean")
        elif key == "@language" and is_value:
            if not (isinstance(item, str) and LANGUAGE_TAG.fullmatch(item)):
                raise AnnotationError(f"@language is {item!r}, which is no language tag")
        elif key == "@id":
            if not isinstance(item, str) or item.startswith("_:"):
                raise AnnotationError("@id must be a URL and no blank node")
            if not is_iri(resolve(item, "http://example.org/")):
                raise AnnotationError(f"@id is {item!r}, which is no URL")
        elif key.startswith("@"):
            raise AnnotationError(f"{key} is not allowed here")
        elif not is_iri(expand(key) or ""):
            raise AnnotationError(f"{key} is neither a prefixed name nor a URL")
        else:
            check_annotation(item)


def annotation_triples(
    subject: NamedNode | BlankNode, annotations: Mapping[str, Any], base: str, language: str
) -> Iterator[JsonTriple]:
    """Yield the triples of common properties.

    Args:
        subject: the table or group that is annotated.
        annotations: IRI of the property → JSON value.
        base: what relative URLs are resolved against.
        language: of strings without a language; ``und`` for none.
    """
    for key, value in annotations.items():
        predicate = NamedNode(expand(key) or key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, list):
                yield from annotation_triples(subject, {key: item}, base, language)
            elif isinstance(item, dict) and "@value" not in item:
                node = NamedNode(resolve(item["@id"], base)) if "@id" in item else BlankNode()
                yield subject, predicate, node
                types = item.get("@type", [])
                for name in types if isinstance(types, list) else [types]:
                    yield node, _TYPE, NamedNode(expand(name) or name)
                inner = {name: one for name, one in item.items() if not name.startswith("@")}
                yield from annotation_triples(node, inner, base, language)
            elif item is not None:
                yield subject, predicate, _literal(item, language)


def _literal(value: Any, language: str) -> Literal:
    datatype: str | None = None
    if isinstance(value, dict):
        language = value.get("@language", "und")
        datatype = value.get("@type")
        value = value["@value"]
    datatype = expand(datatype) if datatype else _DATATYPES.get(type(value))
    if datatype is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return Literal(text, datatype=NamedNode(datatype))
    return Literal(value) if language == "und" else Literal(value, language=language)
