"""Terms as rdflib has them, and back; without what rdflib logs about them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

import pyoxigraph as ox
import rdflib

Term = ox.NamedNode | ox.BlankNode | ox.Literal

_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_LOGGERS: Final = ("rdflib.term", "pyshacl", "pyshacl-validate")


@lru_cache(maxsize=100_000)
def to_rdflib(term: Term) -> rdflib.term.Identifier:
    """Return a term as rdflib has it, literals in the form in which they are written."""
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    datatype = term.datatype.value
    if datatype == _STRING:
        return rdflib.Literal(term.value)
    return rdflib.Literal(term.value, datatype=rdflib.URIRef(datatype), normalize=False)


def from_rdflib(term: rdflib.term.Node) -> Term:
    """Return a term of rdflib as ours."""
    if isinstance(term, rdflib.Literal):
        if term.language:
            return ox.Literal(str(term), language=term.language)
        return ox.Literal(
            str(term), datatype=ox.NamedNode(str(term.datatype)) if term.datatype else None
        )
    if isinstance(term, rdflib.BNode):
        return ox.BlankNode(str(term))
    return ox.NamedNode(str(term))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep rdflib and pySHACL from logging, as they do with a traceback for ill-typed literals."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
