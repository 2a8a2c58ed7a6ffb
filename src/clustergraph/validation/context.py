"""What a file may refer to without describing it: the ontology, the code lists, the shipped data.

A file that is validated on its own names countries, regions, roles or organisations that stand
elsewhere. The context supplies what the graph says of them, so that ``sh:class`` and the like can
be validated; it is not validated itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.quadstore.memory import hold
from clustergraph.shacl.reading import read_rdf
from clustergraph.shacl.run import Options, stated_around
from clustergraph.validation.whole import shipped
from clustergraph.vocab import BASE

__all__ = ["around", "in_context"]


def in_context(options: Options) -> Options:
    """Return options by which files are validated beside what the shipped graph knows.

    Shapes of one's own leave it out: the files then stand alone.
    """
    return options if options.shapes else replace(options, surroundings=around)


def around(triples: Collection[ox.Triple]) -> set[ox.Triple]:
    """Return what is known of the things that ``triples`` name, apart from the triples themselves.

    The shipped graph is opened only when something is named that neither the triples nor the
    ontology and its code lists describe.

    Raises:
        StoreError: the shipped graph was needed, and the cache directory cannot be written.
        TablesError: the shipped tables were needed and are broken.
        UnreadableInputError: a file of the installation is missing or broken.
    """
    ontology = _ontology()
    context = stated_around(triples, ontology)
    described = {triple.subject for triple in triples}
    for term in {triple.object for triple in triples} - described:
        if (
            isinstance(term, ox.NamedNode)
            and term.value.startswith(BASE)
            and next(ontology.quads_for_pattern(term, None, None), None) is None
        ):
            quads = shipped().store.quads_for_pattern(term, None, None)
            context.update(quad.triple for quad in quads)
    return context.difference(triples)


@cache
def _ontology() -> ox.Store:
    return hold(
        ox.Quad(*triple)
        for path in artefacts.files("ontology", "*.ttl")
        for triple in read_rdf(path)
    )
