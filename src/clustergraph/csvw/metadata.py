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
    Scope,
    check_transformations,
    objects,
    read_dialect,
    read_inherited,
    read_object,
)

_CONTEXT: Final = "http://www.w3.org/ns/csvw"
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
        table = _table(document, {}, {}, scope)
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
    found = read_object(document, "TableGroup", scope)
    check_transformations(found, scope)
    if not found.get("tables"):
        scope.fail("a group of tables must list its tables in an array", document.get("tables"))
    inherited, parts = read_inherited(found, {}, scope), _parts(found, scope)
    tables = [
        table
        for item, at in objects(found, "tables", scope)
        if (table := _table(item, inherited, parts, at)) is not None
    ]
    if found.get("tables") and not tables:
        scope.fail("none of the tables can be used")
    return TableGroup(tables, **_described(found, scope))


def _described(found: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Return what groups and tables have alike, as arguments of their classes."""
    alike = {key: found[key] for key in ("id", "annotations", "notes") if key in found}
    return {**alike, "language": scope.language, "base": scope.base}


def _parts(found: Mapping[str, Any], scope: Scope) -> dict[str, tuple[Any, Scope]]:
    """Return what tables take over from their group beside the inherited properties."""
    return {key: (found[key], scope.at(key)) for key in ("dialect", "tableSchema") if key in found}


def _table(
    raw: Mapping[str, Any],
    outer: Mapping[str, Any],
    shared: Mapping[str, tuple[Any, Scope]],
    scope: Scope,
) -> Table | None:
    found = read_object(raw, "Table", scope)
    check_transformations(found, scope)
    url = found.get("url")
    address = resolve(url, scope.base).replace(" ", "%20") if isinstance(url, str) else ""
    if not is_iri(address):
        scope.fail("a table must have the URL of its file as a string in `url`", url)
        return None
    parts = {**shared, **_parts(found, scope)}
    return Table(
        url=address,
        schema=_schema(
            *parts.get("tableSchema", (None, scope)), read_inherited(found, outer, scope)
        ),
        dialect=read_dialect(*parts.get("dialect", ({}, scope))),
        suppress_output=found.get("suppressOutput", False),
        **_described(found, scope),
    )


# Schemas and columns ------------------------------------------------------------------------


def _schema(raw: Any, scope: Scope, outer: Mapping[str, Any]) -> Schema:
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
    elif raw is not None and not isinstance(raw, dict):
        scope.warn("a schema must be an object or a URL; taken as empty", raw)
        raw = {}
    found = read_object(raw or {}, "Schema", scope)
    inherited = read_inherited(found, outer, scope)
    columns = _columns(found, inherited, scope)
    named = {column.name for column in columns if column.named}
    keys = (_foreign_key(item, named, at) for item, at in objects(found, "foreignKeys", scope))
    return Schema(
        id=found["id"] or location,
        columns=columns,
        primary_key=_column_references(found, "primaryKey", named, scope),
        row_titles=_column_references(found, "rowTitles", named, scope),
        foreign_keys=[key for key in keys if key is not None],
        inherited=inherited,
        declared=declared,
    )


def _columns(schema: Mapping[str, Any], outer: Mapping[str, Any], scope: Scope) -> list[Column]:
    columns: list[Column] = []
    names: set[str] = set()
    for item, at in objects(schema, "columns", scope):
        column = _column(item, outer, len(columns) + 1, at)
        if column.named and column.name in names:
            at.fail(f"another column is already called {column.name!r}", column.name)
        names.add(column.name)
        if columns and columns[-1].virtual and not column.virtual:
            at.fail("virtual columns must come after all others")
        columns.append(column)
    return columns


def _column(raw: Mapping[str, Any], outer: Mapping[str, Any], number: int, scope: Scope) -> Column:
    found = read_object(raw, "Column", scope)
    titles = _titles(found, scope)
    name = found.get("name")
    if name is not None and not (isinstance(name, str) and _COLUMN_NAME.fullmatch(name)):
        scope.warn(
            "a column's name must be a string of letters, digits, '_' and '.' that does not "
            "begin with '_'; ignored",
            name,
        )
        name = None
    virtual = found.get("virtual", False)
    return Column(
        name=name or column_name(titles, number, scope.language),
        number=number,
        source_number=None if virtual else number,
        titles=titles,
        virtual=virtual,
        suppress_output=found.get("suppressOutput", False),
        named=name is not None,
        annotations=found["annotations"],
        **read_inherited(found, outer, scope),
    )


def _titles(raw: Mapping[str, Any], scope: Scope) -> dict[str, tuple[str, ...]]:
    """Read ``titles``, a natural language property (section 5.1.6)."""
    given = raw.get("titles", {})
    if isinstance(given, str | list):
        given = {scope.language: given}
    if not isinstance(given, dict):
        scope.warn("titles must be a string, an array or an object; ignored", given)
        given = {}
    titles: dict[str, tuple[str, ...]] = {}
    for language, value in given.items():
        items = value if isinstance(value, list) else [value]
        texts = tuple(item for item in items if isinstance(item, str))
        known = LANGUAGE_TAG.fullmatch(language)
        if len(texts) < len(items) or not known:
            scope.warn("titles must be strings by language tag; the others are ignored", given)
        if texts and known:
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
    given = raw.get("reference")
    reference = given if isinstance(given, dict) else {}
    columns, targets = (_names(part.get("columnReference")) for part in (raw, reference))
    resource, schema = (reference.get(key) for key in ("resource", "schemaReference"))
    if (
        raw.keys() - {"columnReference", "reference"}
        or reference.keys() - {"resource", "schemaReference", "columnReference"}
        or not columns
        or len(columns) != len(targets)
        or isinstance(resource, str) == isinstance(schema, str)
    ):
        scope.fail(
            "a foreign key must have a `columnReference` and a `reference`, which has another one "
            "with as many columns and either a `resource` or a `schemaReference`, and nothing else"
        )
        return None
    if missing := [name for name in columns if name not in named]:
        scope.fail(f"columnReference: the table has no column called {missing[0]!r}", missing[0])
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
