"""Metadata documents: JSON in, checked descriptions of tables out.

Every property is checked against the type that the recommendation gives it. A value of the wrong
type is reported as a warning and replaced by the default; what the recommendation calls an error
is reported as a fault after which no table can be read. Either way reading goes on, so that all
of a document's defects come to light at once.

Source: Metadata Vocabulary for Tabular Data, sections 5 and 6.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from clustergraph.csvw.descriptions import Column, ForeignKey, Schema, Table, TableGroup
from clustergraph.csvw.files import FileAccessError, Files
from clustergraph.csvw.names import LANGUAGE_TAG, is_iri, resolve
from clustergraph.csvw.places import Diagnostics
from clustergraph.csvw.properties import (
    INHERITED,
    Scope,
    check_direction,
    check_identity,
    check_transformations,
    field_name,
    read_annotations,
    read_array,
    read_boolean,
    read_dialect,
    read_inherited,
    read_link,
)

__all__ = ["column_name", "column_properties", "read_metadata"]

_CONTEXT: Final = "http://www.w3.org/ns/csvw"
_GROUP: Final = INHERITED | {
    "dialect", "notes", "tableDirection", "tableSchema", "tables", "transformations",
}  # fmt: skip
_TABLE: Final = (_GROUP - {"tables"}) | {"url", "suppressOutput"}
_SCHEMA: Final = INHERITED | {"columns", "foreignKeys", "primaryKey", "rowTitles"}
_COLUMN: Final = INHERITED | {"name", "suppressOutput", "titles", "virtual"}
_COLUMN_NAME: Final = re.compile(r"(?!_)(?:[A-Za-z0-9_.]|%[0-9A-Fa-f]{2})+")


def read_metadata(
    url: str, files: Files, diagnostics: Diagnostics, *, default_url: str | None = None
) -> TableGroup | None:
    """Read the metadata document at ``url``.

    Args:
        url: of the document.
        files: where its content and the documents it refers to are found.
        diagnostics: takes the faults and warnings.
        default_url: the table that a document without ``url`` and ``tables`` describes.

    Returns:
        the group of tables (a document about one table becomes a group of one), or None when
        the document cannot be read at all.
    """
    scope = Scope(files, diagnostics, url, url)
    document = _load_json(scope)
    if document is None:
        return None
    scope = _context(document, scope)
    unnamed = "tables" not in document and "url" not in document
    if unnamed and default_url is not None and document.get("@type") in {None, "Table"}:
        document = {**document, "url": default_url}
    if "tables" not in document and ("url" in document or document.get("@type") == "Table"):
        table = _table({k: v for k, v in document.items() if k != "@context"}, {}, scope)
        tables = [table] if table is not None else []
        return TableGroup(tables, language=scope.language, base=scope.base)
    return _group(document, scope)


def column_name(titles: Mapping[str, tuple[str, ...]], number: int, language: str = "und") -> str:
    """Return the name of a column that has only titles, or neither (section 5.6).

    It is made of the first title in the document's language, encoded so that it can be a variable
    of a URI template, where ``-`` and ``~`` cannot stand.
    """
    for key in (language, "und"):
        if titles.get(key):
            name = quote(titles[key][0], safe="")
            return name.replace("-", "%2D").replace("~", "%7E")
    return f"_col.{number}"


# Documents ----------------------------------------------------------------------------------


def _load_json(scope: Scope) -> dict[str, Any] | None:
    try:
        text = scope.files.read(scope.url).decode("utf-8-sig")
        document = json.loads(text)
    except FileAccessError as error:
        scope.diagnostics.fail(scope.place, str(error))
    except UnicodeDecodeError as error:
        scope.diagnostics.fail(scope.place, f"the metadata is not UTF-8 ({error.reason})")
    except json.JSONDecodeError as error:
        place = scope.place._replace(row=error.lineno)
        scope.diagnostics.fail(place, f"no JSON: {error.msg} at character {error.colno}")
    else:
        if isinstance(document, dict):
            return document
        scope.fail("the metadata must be a JSON object")
    return None


def _context(document: Mapping[str, Any], scope: Scope) -> Scope:
    """Read ``@context`` (section 5.2)."""
    context = document.get("@context")
    if context == _CONTEXT:
        return scope
    local: Any = {}
    if isinstance(context, list) and context[:1] == [_CONTEXT] and len(context) <= 2:
        local = context[1] if len(context) == 2 else {}
    elif context is None and scope.trail:
        return scope
    else:
        scope.fail(f'@context must be "{_CONTEXT}", or that and an object', context)
        return scope
    if not isinstance(local, dict) or local.keys() - {"@base", "@language"}:
        scope.fail("@context may set @base and @language and nothing else", local)
        return scope
    base, language = local.get("@base", ""), local.get("@language", "und")
    if not (isinstance(language, str) and LANGUAGE_TAG.fullmatch(language)):
        scope.warn("@language is no language tag", language)
        language = "und"
    return replace(scope, base=resolve(str(base), scope.url), language=language)


def _group(document: Mapping[str, Any], scope: Scope) -> TableGroup:
    check_identity(document, "TableGroup", scope)
    inherited = {**read_inherited(document, {}, scope), **_shared(document, scope)}
    check_transformations(document, scope)
    check_direction(document, scope)
    raw = document.get("tables")
    if not isinstance(raw, list):
        scope.fail("a group of tables must list its tables in an array", raw)
        raw = []
    tables = []
    for number, item in enumerate(raw):
        at = scope.at("tables").at(number)
        if not isinstance(item, dict):
            at.warn("a table must be an object; ignored", item)
            continue
        table = _table(item, inherited, at)
        if table is not None:
            tables.append(table)
    if raw and not tables:
        scope.fail("none of the tables can be used")
    if raw == [] and isinstance(document.get("tables"), list):
        scope.fail("a group of tables must have at least one table")
    return TableGroup(
        tables,
        id=read_link(document, "@id", scope),
        notes=read_array(document, "notes", scope),
        annotations=read_annotations(document, _GROUP, scope),
        language=scope.language,
        base=scope.base,
    )


def _shared(document: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """What tables take over from their group beside the inherited properties."""
    return {
        key: (document[key], scope.at(key)) for key in ("dialect", "tableSchema") if key in document
    }


def _table(raw: Mapping[str, Any], outer: Mapping[str, Any], scope: Scope) -> Table | None:
    check_identity(raw, "Table", scope)
    check_transformations(raw, scope)
    check_direction(raw, scope)
    inherited = read_inherited(raw, outer, scope)
    own = _shared(raw, scope)
    url = raw.get("url")
    if not isinstance(url, str):
        scope.fail("a table must have the URL of its file as a string in `url`", url)
        return None
    address = resolve(url, scope.base).replace(" ", "%20")
    if not is_iri(address):
        scope.fail("`url` must be a URL", url)
        return None
    schema_raw, schema_scope = own.get("tableSchema", outer.get("tableSchema", (None, scope)))
    dialect_raw, dialect_scope = own.get("dialect", outer.get("dialect", (None, scope)))
    return Table(
        url=address,
        schema=_schema(schema_raw, inherited, schema_scope),
        dialect=None if dialect_raw is None else read_dialect(dialect_raw, dialect_scope),
        id=read_link(raw, "@id", scope),
        suppress_output=read_boolean(raw, "suppressOutput", scope),
        notes=read_array(raw, "notes", scope),
        annotations=read_annotations(raw, _TABLE, scope),
        language=scope.language,
        base=scope.base,
        trail=scope.trail,
    )


# Schemas and columns ------------------------------------------------------------------------


def _schema(raw: Any, outer: Mapping[str, Any], scope: Scope) -> Schema:
    declared = raw is not None
    location: str | None = None
    if isinstance(raw, str):
        location = resolve(raw, scope.base)
        if not scope.files.exists(location):
            scope.fail(f"there is no schema at {location}", raw)
            return Schema(declared=True)
        scope = replace(scope, url=location, base=location, trail="tableSchema")
        raw = _load_json(scope) or {}
        scope = replace(_context(raw, scope), trail="")
        raw = {key: value for key, value in raw.items() if key != "@context"}
    elif raw is not None and not isinstance(raw, dict):
        scope.warn("a schema must be an object or a URL; taken as empty", raw)
        raw = {}
    raw = raw or {}
    check_identity(raw, "Schema", scope)
    read_annotations(raw, _SCHEMA, scope)
    inherited = read_inherited(raw, outer, scope)
    columns = _columns(raw, inherited, scope)
    named = {column.name for column in columns if column.named}
    schema = Schema(
        id=read_link(raw, "@id", scope) or location,
        columns=columns,
        inherited=inherited,
        declared=declared,
    )
    schema.primary_key = _column_references(raw, "primaryKey", named, scope)
    schema.row_titles = _column_references(raw, "rowTitles", named, scope)
    for number, item in enumerate(read_array(raw, "foreignKeys", scope)):
        at = scope.at("foreignKeys").at(number)
        if not isinstance(item, dict):
            at.warn("a foreign key must be an object; ignored", item)
        elif (key := _foreign_key(item, named, at)) is not None:
            schema.foreign_keys.append(key)
    return schema


def _columns(raw: Mapping[str, Any], outer: Mapping[str, Any], scope: Scope) -> list[Column]:
    columns: list[Column] = []
    names: set[str] = set()
    for number, item in enumerate(read_array(raw, "columns", scope)):
        at = scope.at("columns").at(number)
        if not isinstance(item, dict):
            at.warn("a column must be an object; ignored", item)
            continue
        column = _column(item, outer, len(columns) + 1, at)
        if column.named and column.name in names:
            at.fail(f"another column is already called {column.name!r}", column.name)
        names.add(column.name)
        if columns and columns[-1].virtual and not column.virtual:
            at.fail("virtual columns must come after all others")
        columns.append(column)
    return columns


def _column(raw: Mapping[str, Any], outer: Mapping[str, Any], number: int, scope: Scope) -> Column:
    check_identity(raw, "Column", scope)
    titles = _titles(raw, scope)
    name = raw.get("name")
    if name is not None and not (isinstance(name, str) and _COLUMN_NAME.fullmatch(name)):
        scope.warn(
            "a column's name must be a string of letters, digits, '_' and '.' that does not "
            "begin with '_'; ignored",
            name,
        )
        name = None
    virtual = read_boolean(raw, "virtual", scope)
    return Column(
        name=name or column_name(titles, number, scope.language),
        number=number,
        source_number=None if virtual else number,
        titles=titles,
        virtual=virtual,
        suppress_output=read_boolean(raw, "suppressOutput", scope),
        named=name is not None,
        annotations=read_annotations(raw, _COLUMN, scope),
        **column_properties(read_inherited(raw, outer, scope)),
    )


def column_properties(inherited: Mapping[str, Any]) -> dict[str, Any]:
    """Return inherited properties as arguments of ``Column``."""
    return {
        field_name(key): value
        for key, value in inherited.items()
        if key in INHERITED and key != "textDirection"
    }


def _titles(raw: Mapping[str, Any], scope: Scope) -> dict[str, tuple[str, ...]]:
    """Read ``titles``, a natural language property (section 5.1.6)."""
    given = raw.get("titles")
    if given is None:
        return {}
    if isinstance(given, str | list):
        given = {scope.language: given}
    if not isinstance(given, dict):
        scope.warn("titles must be a string, an array or an object; ignored", given)
        return {}
    titles: dict[str, tuple[str, ...]] = {}
    for language, value in given.items():
        if not LANGUAGE_TAG.fullmatch(language):
            scope.warn(f"titles: {language!r} is no language tag; ignored", language)
            continue
        items = value if isinstance(value, list) else [value]
        texts = tuple(item for item in items if isinstance(item, str))
        if len(texts) < len(items):
            scope.warn("titles must be strings; the others are ignored", value)
        if texts:
            titles[language] = texts
    return titles


def _column_references(
    raw: Mapping[str, Any], key: str, named: set[str], scope: Scope
) -> tuple[str, ...]:
    given = raw.get(key)
    if given is None:
        return ()
    names = given if isinstance(given, list) else [given]
    unknown = [name for name in names if not (isinstance(name, str) and name in named)]
    if unknown or not names:
        scope.at(key).warn("must name columns that have a `name`; ignored", given)
        return ()
    return tuple(names)


def _foreign_key(raw: Mapping[str, Any], named: set[str], scope: Scope) -> ForeignKey | None:
    """Read a foreign key definition (section 5.5.2.1)."""
    reference = raw.get("reference")
    if not isinstance(reference, dict):
        scope.fail("a foreign key must have an object in `reference`", reference)
        return None
    extra = raw.keys() - {"columnReference", "reference"}
    extra |= reference.keys() - {"resource", "schemaReference", "columnReference"}
    if extra:
        scope.fail(f"a foreign key must not have {', '.join(sorted(extra))}")
        return None
    columns, targets = (_names(part.get("columnReference")) for part in (raw, reference))
    if not columns or not targets or len(columns) != len(targets):
        scope.fail("columnReference must name columns, as many here as in `reference`")
        return None
    missing = [name for name in columns if name not in named]
    if missing:
        scope.fail(f"columnReference: the table has no column called {missing[0]!r}", missing[0])
        return None
    resource, schema = reference.get("resource"), reference.get("schemaReference")
    if isinstance(resource, str) == isinstance(schema, str):
        scope.fail("`reference` must have either a resource or a schemaReference")
        return None
    return ForeignKey(
        columns,
        resolve(resource, scope.base) if isinstance(resource, str) else None,
        resolve(schema, scope.base) if isinstance(schema, str) else None,
        targets,
    )


def _names(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(items) if all(isinstance(item, str) for item in items) else ()
