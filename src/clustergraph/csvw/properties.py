"""The properties of metadata documents, one by one: what each may hold, and its default.

Source: Metadata Vocabulary for Tabular Data, sections 5.1 (syntaxes of properties), 5.7 (inherited
properties), 5.9 (dialects), 5.10 (transformations) and 5.11 (datatypes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, Final

from clustergraph.csvw.datatypes import FACETS, LENGTHS, Datatype, DatatypeError
from clustergraph.csvw.descriptions import Dialect
from clustergraph.csvw.files import Files
from clustergraph.csvw.formats import FormatError
from clustergraph.csvw.names import (
    BUILT_IN_DATATYPES,
    LANGUAGE_TAG,
    PREFIXES,
    AnnotationError,
    check_annotation,
    expand,
    is_iri,
    resolve,
)
from clustergraph.csvw.places import Diagnostics, Place
from clustergraph.vocab import CG
from clustergraph.vocab import PREFIXES as PROJECT_PREFIXES


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


# What each property may hold ----------------------------------------------------------------


_Check = tuple[Callable[[Any], bool], str]


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _are_strings(value: Any) -> bool:
    return all(isinstance(one, str) for one in (value if isinstance(value, list) else [value]))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_character(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1 and value not in "\r\n"


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and LANGUAGE_TAG.fullmatch(value) is not None


def _is_encoding(value: Any) -> bool:
    try:
        return isinstance(value, str) and "".encode(value) is not None
    except (LookupError, ValueError):
        return False


_TEMPLATES: Final = ("aboutUrl", "propertyUrl", "valueUrl")
_BOOLEAN: Final = (_is(bool), "true or false")
_INHERITED: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(_TEMPLATES, (_is(str), "a URI template")),
    **dict.fromkeys(("ordered", "required"), _BOOLEAN),
    "datatype": (_is(str, dict), "a name or an object"),
    "default": (_is(str), "a string"),
    "lang": (_is_language, "a language tag"),
    "null": (_are_strings, "a string or an array of strings"),
    "separator": (lambda v: v is None or (isinstance(v, str) and v != ""), "a string or null"),
    "textDirection": (("ltr", "rtl", "auto", "inherit").__contains__, "a text direction"),
}
_DIALECT: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("doubleQuote", "header", "skipBlankRows", "skipInitialSpace"), _BOOLEAN),
    **dict.fromkeys(
        ("headerRowCount", "skipColumns", "skipRows"), (_is_count, "a whole number from 0")
    ),
    "commentPrefix": (_is(str, NoneType), "a string or null"),
    "delimiter": (_is_character, "one character"),
    "encoding": (_is_encoding, "the name of an encoding"),
    "lineTerminators": (_are_strings, "a string or an array of strings"),
    "quoteChar": (lambda v: v is None or _is_character(v), "one character or null"),
    "trim": (
        lambda v: isinstance(v, bool) or v in ("true", "false", "start", "end"),
        "true, false, start or end",
    ),
}
_CHECKS: Final[Mapping[str, _Check]] = {
    **_INHERITED,
    **_DIALECT,
    **dict.fromkeys(("suppressOutput", "virtual"), _BOOLEAN),
    **dict.fromkeys(
        ("columns", "foreignKeys", "notes", "tables", "transformations"), (_is(list), "an array")
    ),
    **dict.fromkeys(
        FACETS.keys() - LENGTHS,
        (_is(str, int, float), "a number, or a string for values"),
    ),
    **dict.fromkeys(LENGTHS, (_is_count, "a whole number from 0")),
    "dialect": (_is(dict), "an object"),
    "format": (_is(str, dict), "a string or an object"),
    "tableDirection": (("rtl", "ltr", "auto").__contains__, "rtl, ltr or auto"),
}
_TABLE: Final = _INHERITED.keys() | {
    "dialect", "notes", "suppressOutput", "tableDirection", "tableSchema", "transformations", "url",
}  # fmt: skip
_PROPERTIES: Final = {
    "TableGroup": (_TABLE - {"suppressOutput", "url"}) | {"tables"},
    "Table": _TABLE,
    "Schema": _INHERITED.keys() | {"columns", "foreignKeys", "primaryKey", "rowTitles"},
    "Column": _INHERITED.keys() | {"name", "suppressOutput", "titles", "virtual"},
    "Datatype": FACETS.keys() | {"base", "format"},
    "Dialect": _DIALECT.keys() | {"url"},
    "Template": {"url", "scriptFormat", "targetFormat", "source", "titles"},
}
"""What each kind of object may have, beside ``@id``, ``@type`` and common properties."""


def read_object(raw: Mapping[str, Any], kind: str, scope: Scope) -> dict[str, Any]:
    """Return the properties of an object of a metadata document that hold what they may hold.

    Args:
        raw: the object.
        kind: what its ``@type`` must be, if given.
        scope: where it stands; takes what is wrong.

    Returns:
        The valid properties; ``id``, its ``@id`` as an absolute URL or None; and ``annotations``,
        its common properties by their IRIs.
    """
    if (given := raw.get("@type", kind)) != kind:
        scope.fail(f"@type must be {kind}", given)
    annotations: dict[str, Any] = {}
    found: dict[str, Any] = {
        "id": _read_id(raw.get("@id"), scope),
        "annotations": annotations,
    }
    for key, value in raw.items():
        at = scope.at(key)
        if key in _PROPERTIES[kind]:
            valid, wanted = _CHECKS.get(key, (lambda _: True, ""))
            if valid(value):
                found[key] = value
            else:
                at.warn(f"must be {wanted}; ignored", value)
            if key in _TEMPLATES:
                # A template that is none is taken as empty (5.1.3).
                _check_prefix(found.setdefault(key, ""), at)
        elif key not in {"@id", "@type", "@context"}:
            # To other processors ``cg:codeList`` is an absolute URL of a scheme that they do not
            # know, and so an annotation to be passed over.
            iri = CG + key.removeprefix("cg:") if key.startswith("cg:") else expand(key)
            if iri is None or ":" not in key or not is_iri(iri):
                scope.warn(f"{key!r} is not a property that can stand here; ignored", value)
                continue
            try:
                check_annotation(value)
                annotations[iri] = value
            except AnnotationError as error:
                at.fail(str(error), value)
    return found


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


def _check_prefix(template: str, scope: Scope) -> None:
    """Report a prefix of this project, which CSVW does not know: other processors keep it as is."""
    prefix, colon, local = template.partition(":")
    if colon and prefix in PROJECT_PREFIXES and prefix not in PREFIXES and local[:1].isalpha():
        scope.fail(
            f"{prefix}: is no prefix of CSVW; write {PROJECT_PREFIXES[prefix]}{local}", template
        )


def objects(
    found: Mapping[str, Any], key: str, scope: Scope
) -> Iterator[tuple[dict[str, Any], Scope]]:
    """Yield the objects of an array with their places; report what is none."""
    for number, item in enumerate(found.get(key, ())):
        at = scope.at(key).at(number)
        if isinstance(item, dict):
            yield item, at
        else:
            at.warn("must be an object; ignored", item)


def check_transformations(found: Mapping[str, Any], scope: Scope) -> None:
    """Check ``transformations``, which are only described here, never run (5.10)."""
    for item, at in objects(found, "transformations", scope):
        read_object(item, "Template", at)
        for key in ("url", "scriptFormat", "targetFormat"):
            if not isinstance(item.get(key), str):
                at.fail(f"a transformation must have a URL in `{key}`", item.get(key))


# Inherited properties, datatypes and dialects -----------------------------------------------


def read_inherited(
    found: Mapping[str, Any], outer: Mapping[str, Any], scope: Scope
) -> dict[str, Any]:
    """Return the inherited properties that hold in an object, by the names of fields of columns.

    Args:
        found: the valid properties of the object.
        outer: what holds outside of it, by the names of fields.
        scope: where the object stands.
    """
    values = dict(outer)
    for key in _INHERITED.keys() & found.keys() - {"textDirection"}:
        value = found[key]
        if key == "datatype":
            value = _read_datatype(value, scope.at(key))
        elif key == "null":
            value = tuple(value) if isinstance(value, list) else (value,)
        values[_field_name(key)] = value
    return values


def _field_name(key: str) -> str:
    """Return the name of the field that holds a property: ``aboutUrl`` is ``about_url``."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key)


def _read_datatype(raw: str | dict[str, Any], scope: Scope) -> Datatype:
    """Read a datatype: the name of a built-in one, or a description (5.11)."""
    found = read_object({"base": raw} if isinstance(raw, str) else raw, "Datatype", scope)
    base, identifier, format_ = found.get("base", "string"), found["id"], found.get("format")
    if not isinstance(base, str) or base not in BUILT_IN_DATATYPES:
        name = str(base).rpartition(":")[2]
        hint = f"; write {name!r}" if name in BUILT_IN_DATATYPES and name != base else ""
        scope.warn(f"{base!r} is not a built-in datatype; treated as string{hint}", base)
        base = "string"
    if identifier in BUILT_IN_DATATYPES.values():
        scope.fail("@id must not be the IRI of a built-in datatype", identifier)
    facets = {key: found[key] for key in sorted(FACETS.keys() & found.keys())}
    try:
        try:
            return Datatype(base, identifier, format_, facets)
        except FormatError as error:
            scope.warn(f"{error}; ignored", format_)
            return Datatype(base, identifier, None, facets)
    except DatatypeError as error:
        scope.fail(str(error))
        return Datatype(base, identifier)


def read_dialect(raw: Mapping[str, Any], scope: Scope) -> Dialect:
    """Read a dialect description."""
    found = read_object(raw, "Dialect", scope)
    values = {_field_name(key): found[key] for key in _DIALECT.keys() & found.keys()}
    values.setdefault("header_row_count", 1 if values.pop("header", True) else 0)
    if values.get("delimiter", ",") == values.get("quote_char", '"'):
        scope.fail("delimiter and quoteChar must differ")
    if (ends := values.get("line_terminators")) is not None:
        values["line_terminators"] = (ends,) if isinstance(ends, str) else tuple(ends)
    if values.get("trim") in ("true", "false"):
        values["trim"] = values["trim"] == "true"
    return Dialect(**values)
