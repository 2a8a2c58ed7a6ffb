"""The properties of metadata documents, one by one: what each may hold, and its default.

Source: Metadata Vocabulary for Tabular Data, sections 5.1 (syntaxes of properties), 5.7 (inherited
properties), 5.9 (dialects), 5.10 (transformations) and 5.11 (datatypes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from clustergraph.csvw.annotations import AnnotationError, check_annotation
from clustergraph.csvw.datatypes import Datatype, DatatypeError
from clustergraph.csvw.descriptions import Dialect
from clustergraph.csvw.files import Files
from clustergraph.csvw.formats import FormatError
from clustergraph.csvw.names import (
    BUILT_IN_DATATYPES,
    LANGUAGE_TAG,
    PREFIXES,
    expand,
    is_iri,
    resolve,
)
from clustergraph.csvw.places import Diagnostics, Place
from clustergraph.vocab import CG
from clustergraph.vocab import PREFIXES as PROJECT_PREFIXES

__all__ = [
    "INHERITED",
    "Scope",
    "check_direction",
    "check_identity",
    "check_transformations",
    "field_name",
    "read_annotations",
    "read_array",
    "read_boolean",
    "read_datatype",
    "read_dialect",
    "read_inherited",
    "read_link",
]

_LIMITS: Final = frozenset(
    f"{end}{side}" for end in ("min", "max") for side in ("imum", "Inclusive", "Exclusive")
)
_LENGTHS: Final = frozenset({"length", "minLength", "maxLength"})
_FACETS: Final = _LIMITS | _LENGTHS
_TRANSFORMATION: Final = frozenset(["url", "scriptFormat", "targetFormat", "source", "titles"])


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
        self.diagnostics.warn(self.place, self._say(message), value=_show(value))

    def fail(self, message: str, value: Any = None) -> None:
        """Report an error after which the tables cannot be read."""
        self.diagnostics.fail(self.place, self._say(message), value=_show(value))

    def _say(self, message: str) -> str:
        return f"{self.trail}: {message}" if self.trail else message


def _show(value: Any) -> str:
    return "" if value is None else str(value)


# Any object ---------------------------------------------------------------------------------


def check_identity(raw: Mapping[str, Any], kind: str, scope: Scope) -> None:
    """Check ``@type`` (which, if given, must be ``kind``) and ``@id`` (no blank node)."""
    given = raw.get("@type", kind)
    if given != kind:
        scope.fail(f"@type must be {kind}", given)
    identifier = raw.get("@id")
    if isinstance(identifier, str) and identifier.startswith("_:"):
        scope.fail("@id must not be a blank node", identifier)


def read_annotations(
    raw: Mapping[str, Any], known: frozenset[str] | set[str], scope: Scope
) -> dict[str, Any]:
    """Return the common properties of an object, by IRI; report what is none and not known."""
    annotations: dict[str, Any] = {}
    for key, value in raw.items():
        if key in known or key in {"@id", "@type", "@context"}:
            continue
        iri = _annotation_iri(key)
        if iri is None or not is_iri(iri):
            scope.warn(f"{key!r} is not a property that can stand here; ignored", value)
            continue
        try:
            check_annotation(value)
        except AnnotationError as error:
            scope.at(key).fail(str(error), value)
        else:
            annotations[iri] = value
    return annotations


def _annotation_iri(key: str) -> str | None:
    """Return the IRI of a common property; ``cg:`` is short for the project's namespace.

    To other processors ``cg:codeList`` is an absolute URL of a scheme they do not know, and so an
    annotation to be passed over.
    """
    if key.startswith("cg:"):
        return CG + key.removeprefix("cg:")
    return expand(key) if ":" in key else None


def read_link(raw: Mapping[str, Any], key: str, scope: Scope) -> str | None:
    """Return a link property as an absolute URL, or None if absent.

    What is no string counts as an empty one, which names the base (5.1.2).
    """
    value = raw.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        scope.warn(f"{key} must be a URL; taken as empty", value)
        value = ""
    iri = resolve(value, scope.base)
    if not is_iri(iri):
        scope.fail(f"{key} must be a URL", value)
        return None
    return iri


def read_array(raw: Mapping[str, Any], key: str, scope: Scope) -> list[Any]:
    """Return an array property; empty if absent or no array (5.1.1)."""
    value = raw.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        scope.warn(f"{key} must be an array; taken as empty", value)
        return []
    return value


def read_boolean(raw: Mapping[str, Any], key: str, scope: Scope) -> bool:
    """Return a boolean property, false by default."""
    value = raw.get(key, False)
    if not isinstance(value, bool):
        scope.warn(f"{key} must be true or false; ignored", value)
        return False
    return value


def check_direction(raw: Mapping[str, Any], scope: Scope) -> None:
    """Check ``tableDirection``, which has no bearing on RDF."""
    value = raw.get("tableDirection", "auto")
    if value not in ("rtl", "ltr", "auto"):
        scope.warn("tableDirection must be rtl, ltr or auto; ignored", value)


def check_transformations(raw: Mapping[str, Any], scope: Scope) -> None:
    """Check ``transformations``, which are only described here, never run (5.10)."""
    for number, item in enumerate(read_array(raw, "transformations", scope)):
        at = scope.at("transformations").at(number)
        if not isinstance(item, dict):
            at.warn("a transformation must be an object; ignored", item)
            continue
        check_identity(item, "Template", at)
        read_annotations(item, _TRANSFORMATION, at)
        for key in ("url", "scriptFormat", "targetFormat"):
            if not isinstance(item.get(key), str):
                at.fail(f"a transformation must have a URL in `{key}`", item.get(key))


# Inherited properties -----------------------------------------------------------------------


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and LANGUAGE_TAG.fullmatch(value) is not None


_BOOLEAN: Final = (_is_boolean, "true or false")
_TEMPLATE: Final = (_is_string, "a URI template")
_VALID: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    **dict.fromkeys(("aboutUrl", "propertyUrl", "valueUrl"), _TEMPLATE),
    **dict.fromkeys(("ordered", "required"), _BOOLEAN),
    "default": (_is_string, "a string"),
    "lang": (_is_language, "a language tag"),
    "separator": (lambda v: v is None or (_is_string(v) and v != ""), "a string or null"),
    "textDirection": (
        ("ltr", "rtl", "auto", "inherit").__contains__,
        "ltr, rtl, auto or inherit",
    ),
}
INHERITED: Final = frozenset({"datatype", "null", *_VALID})
"""Properties that a group, table or schema hands down to its columns."""


def field_name(key: str) -> str:
    """Return the name of the field that holds a property: ``aboutUrl`` is ``about_url``."""
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", key)


_CAPITAL: Final = re.compile("[A-Z]")


def read_inherited(
    raw: Mapping[str, Any], outer: Mapping[str, Any], scope: Scope
) -> dict[str, Any]:
    """Return the inherited properties that hold in an object, given those that hold outside."""
    values = dict(outer)
    for key in INHERITED & raw.keys():
        value, at = raw[key], scope.at(key)
        if key == "datatype":
            values[key] = read_datatype(value, at)
        elif key == "null":
            items = value if isinstance(value, list) else [value]
            texts = tuple(item for item in items if isinstance(item, str))
            if len(texts) < len(items):
                at.warn("must be a string or an array of strings; the rest is ignored", value)
            if texts or not items:
                values[key] = texts
        else:
            valid, wanted = _VALID[key]
            if valid(value):
                values[key] = value
                if _VALID[key] is _TEMPLATE:
                    _check_prefix(value, at)
            elif _VALID[key] is _TEMPLATE:
                at.warn(f"must be {wanted}; taken as empty", value)  # section 5.1.3
                values[key] = ""
            else:
                at.warn(f"must be {wanted}; ignored", value)
    return values


def _check_prefix(template: str, scope: Scope) -> None:
    """Report a prefix of this project, which CSVW does not know: other processors keep it as is."""
    prefix, colon, local = template.partition(":")
    if colon and prefix in PROJECT_PREFIXES and prefix not in PREFIXES and local[:1].isalpha():
        scope.fail(
            f"{prefix}: is no prefix of CSVW; write {PROJECT_PREFIXES[prefix]}{local}", template
        )


def read_datatype(raw: Any, scope: Scope) -> Datatype:
    """Read a datatype: the name of a built-in one, or a description (5.11)."""
    description = {"base": raw} if isinstance(raw, str) else raw
    if not isinstance(description, dict):
        scope.warn("a datatype must be a name or an object; taken as string", raw)
        return Datatype()
    read_annotations(description, _FACETS | {"base", "format"}, scope)
    base = description.get("base", "string")
    if not isinstance(base, str) or base not in BUILT_IN_DATATYPES:
        name = str(base).rpartition(":")[2]
        hint = f"; write {name!r}" if name in BUILT_IN_DATATYPES and name != base else ""
        scope.warn(f"{base!r} is not a built-in datatype; treated as string{hint}", base)
        base = "string"
    check_identity(description, "Datatype", scope)
    identifier = read_link(description, "@id", scope)
    if identifier in BUILT_IN_DATATYPES.values():
        scope.fail("@id must not be the IRI of a built-in datatype", identifier)
    facets: dict[str, Any] = {}
    for key in sorted(_FACETS & description.keys()):
        value = description[key]
        if key in _LENGTHS and (isinstance(value, bool) or not isinstance(value, int)):
            scope.warn(f"{key} must be a whole number; ignored", value)
        elif not isinstance(value, str | int | float):
            scope.warn(f"{key} must be a number or a string; ignored", value)
        else:
            facets[key] = value
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


# Dialects -----------------------------------------------------------------------------------


def _is_encoding(value: Any) -> bool:
    try:
        return isinstance(value, str) and "".encode(value) is not None
    except (LookupError, ValueError):
        return False


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_character(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1 and value not in "\r\n"


_COUNT: Final = (_is_count, "a whole number from 0")
_DIALECT: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    **dict.fromkeys(("doubleQuote", "header", "skipBlankRows", "skipInitialSpace"), _BOOLEAN),
    **dict.fromkeys(("headerRowCount", "skipColumns", "skipRows"), _COUNT),
    "commentPrefix": (lambda v: v is None or _is_string(v), "a string or null"),
    "delimiter": (_is_character, "one character"),
    "encoding": (_is_encoding, "the name of an encoding"),
    "lineTerminators": (
        lambda v: _is_string(v) or (isinstance(v, list) and all(map(_is_string, v))),
        "a string or an array of strings",
    ),
    "quoteChar": (lambda v: v is None or _is_character(v), "one character or null"),
    "trim": (
        lambda v: isinstance(v, bool) or v in ("true", "false", "start", "end"),
        "true, false, start or end",
    ),
}


def read_dialect(raw: Any, scope: Scope) -> Dialect | None:
    """Read a dialect description; None where it is none and the default holds."""
    if not isinstance(raw, dict):
        scope.warn("a dialect must be an object; ignored", raw)
        return None
    check_identity(raw, "Dialect", scope)
    read_annotations(raw, _DIALECT.keys() | {"url"}, scope)
    values: dict[str, Any] = {}
    for key in _DIALECT.keys() & raw.keys():
        valid, wanted = _DIALECT[key]
        if valid(raw[key]):
            values[field_name(key)] = raw[key]
        else:
            scope.at(key).warn(f"must be {wanted}; ignored", raw[key])
    header = values.pop("header", True)
    values.setdefault("header_row_count", 1 if header else 0)
    if values.get("delimiter", ",") == values.get("quote_char", '"'):
        scope.fail("delimiter and quoteChar must differ")
    if "line_terminators" in values:
        given = values["line_terminators"]
        values["line_terminators"] = (given,) if isinstance(given, str) else tuple(given)
    if isinstance(values.get("trim"), str):
        values["trim"] = {"true": True, "false": False}.get(values["trim"], values["trim"])
    return Dialect(**values)
