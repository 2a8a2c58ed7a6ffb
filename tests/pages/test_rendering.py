"""The queries that pages ask stand in files, which are checked like those of ready questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from clustergraph.ontology.vocabularies import named_in_query
from clustergraph.pages import rendering
from clustergraph.pages.model import model
from clustergraph.quadstore import Engine
from clustergraph.vocab import CG

FILES = sorted((Path(rendering.__file__).parent / "sparql").glob("*.rq"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_queries_use_terms_that_there_are(path: Path, shipped: Engine) -> None:
    """Each is SPARQL, and asks for terms of the ontology alone."""
    shipped.check(rendering.query(path.stem))
    terms = {iri for iri, _ in named_in_query(path) if iri.startswith(CG)}
    assert terms <= set(model().terms), path.stem
