"""``POST /validate``: data, and shapes if the client has its own, in; the report out.

Nothing is stored and nothing fetched. The data are judged as files are by ``clustergraph
validate``, so positions are those of the text that was sent.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.errors import UnreadableInputError
from clustergraph.protocol import Context, Request, Response, faults, parameters, problems, uploads
from clustergraph.protocol.negotiation import choose_of
from clustergraph.sparql.results import Format
from clustergraph.vocab import BASE

if TYPE_CHECKING:
    from clustergraph.shacl.compile import Compiled
    from clustergraph.shacl.reading import Statements

_SHAPES: Final = "shapes"
"""The field of a form that holds shapes; all others hold data."""


def answer(request: Request, context: Context) -> Response:
    """Judge what a request carries.

    ``?format=`` names the report's format, else Accept does. ``?context=graph`` lets the graph
    count for what the data name, ``?context=none`` does not; by default it counts unless the
    client brings shapes of its own.

    Raises:
        ClusterGraphError: the request cannot be done.
    """
    form, surroundings = _wanted(request)
    config = context.config
    limits = replace(config, max_upload_bytes=config.max_validate_bytes)
    documents = uploads.read(request, limits, BASE)
    own = [document for document in documents if document.field == _SHAPES]
    data = [document for document in documents if document.field != _SHAPES]
    if not data:
        raise faults.bad_request("the request holds no data to validate")
    if own and config.shapes is not None:
        detail = "the shapes are fixed here: leave out the field 'shapes'"
        raise faults.fault("Refused", detail)
    from clustergraph.shacl.run import validate_sent

    compiled = _compiled(own, config.shapes)
    if surroundings is None:
        surroundings = not own
    with _desk() as directory:
        statements = _statements(data, directory)
        store = context.store if surroundings else None
        report = validate_sent(statements, compiled, store, BASE)
        return problems.report_response(report, form)


def _wanted(request: Request) -> tuple[Format, bool | None]:
    """Return the report's format, and whether the graph is to count."""
    names, surroundings = [], None
    for name, value in parameters.fields(request.query_string):
        if name == b"format":
            names.append(parameters.decode(value))
        elif name == b"context":
            surroundings = parameters.decode(value)
            if surroundings not in ("graph", "none"):
                detail = f"context is graph or none, not {parameters.shown(surroundings)}"
                raise faults.bad_request(detail)
    wanted = choose_of(request.headers.get("accept"), names, problems.REPORTS)
    return wanted, None if surroundings is None else surroundings == "graph"


def _compiled(own: list[uploads.Document], shapes: Path | None) -> Compiled:
    from clustergraph.shacl import shipped_shapes
    from clustergraph.shacl.compile import Compiled
    from clustergraph.shacl.reading import read

    if not own:
        return Compiled.of(shipped_shapes() if shapes is None else tuple(read([shapes])))
    triples = []
    for document in own:
        document.check(triples_only=False)
        triples += [quad.triple for quad in document.quads()]
    if not any(triple.predicate.value.startswith(_SH) for triple in triples):
        raise UnreadableInputError(own[0].source, "holds no SHACL shapes")
    return Compiled(triples)


_SH: Final = "http://www.w3.org/ns/shacl#"


@contextmanager
def _desk() -> Iterator[Path]:
    """Work in a directory of its own for a while, so that files go by their names alone."""
    from clustergraph.shacl.render import words

    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="clustergraph-") as directory:
        os.chdir(directory)
        try:
            yield Path()
        finally:
            os.chdir(before)
            # The next request may send another text under the same name.
            words.forget()


def _file_in(directory: Path, name: str, suffix: str) -> Path:
    """Return where in a directory to keep what was sent under a name; never outside of it."""
    plain = Path(name.replace("\\", "/")).name.lstrip(".") or "data"
    path = directory / (plain if Path(plain).suffix.lower() == suffix else plain + suffix)
    number = 1
    while path.exists():
        number += 1
        path = directory / f"{number}-{plain}{suffix}"
    return path


def _statements(documents: list[uploads.Document], directory: Path) -> Statements:
    """Read data, and lay them down as files, which the places of findings are looked up in."""
    from clustergraph.csvw import Place

    statements: dict[ox.Triple, list[Place]] = {}
    for document in documents:
        document.check(triples_only=False)
        suffix = f".{document.form.file_extension}"
        name = "data" if document.source == uploads.UNNAMED else document.source
        path = _file_in(directory, name, suffix)
        with path.open("wb") as file, document.open() as content:
            while chunk := content.read(1 << 20):
                file.write(chunk)
        place = Place(path)
        for quad in document.quads():
            if isinstance(quad.object, ox.Triple):
                detail = f"{document.source}: a triple about a triple cannot be validated"
                raise faults.bad_content(detail)
            statements.setdefault(quad.triple, []).append(place)
    return {triple: tuple(dict.fromkeys(places)) for triple, places in statements.items()}
