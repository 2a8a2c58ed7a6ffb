"""What a query answers with, the errors of reading it, and what formats cannot hold of it.

XML 1.0 has no place for most control characters, RDF/XML no name for a property whose IRI does not
end in an XML name, and JSON-LD 1.1 no triple terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Final, TypeAlias, TypeVar

import pyoxigraph as ox

from clustergraph.errors import (
    FormatError,
    QueryError,
    UnsupportedFunctionError,
    shortened,
    without_places,
)
from clustergraph.rdf.xsd import INNER, LETTERS, pattern_of

Answer: TypeAlias = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples | list[ox.Triple]
"""SELECT: solutions; ASK: a truth; CONSTRUCT and DESCRIBE: triples.

An answer is read in the thread that asked for it.
"""


@contextmanager
def reading() -> Iterator[None]:
    """Turn what the engine raises while it evaluates into `QueryError`."""
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        reason = shortened(str(error))
        if "is not supported" in reason:
            raise UnsupportedFunctionError(f"{reason} here") from error
        message = f"the query could not be evaluated: {reason}"
        raise QueryError(message, without_places(message)) from error


# What formats can hold --------------------------------------------------------------------

T = TypeVar("T", bound=ox.Triple | ox.Quad)

# XML 1.0, section 2.2.
_NO_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_BYTE: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_NAME: Final = pattern_of("NCName")
_NAME_BACKWARDS: Final = re.compile(rf"[{INNER}.\-]*[{LETTERS}_]")
_CONTROL: Final = "a character that XML cannot hold"


def obstacle(triple: ox.Triple | ox.Quad, form: ox.RdfFormat) -> str:
    """Return why a format cannot hold a statement; empty: it can."""
    if form == ox.RdfFormat.JSON_LD:
        term = isinstance(triple.object, ox.Triple) or isinstance(triple.subject, ox.Triple)
        return "a triple about a triple" if term else ""
    if form != ox.RdfFormat.RDF_XML:
        return ""
    # An element bears the name in which the IRI ends.
    if not _NAME_BACKWARDS.match(triple.predicate.value[::-1]):
        return f"{str(triple.predicate)[:200]} does not end in an XML name"
    for node in (triple.subject, triple.object):
        if isinstance(node, ox.BlankNode) and not _NAME.fullmatch(node.value):
            return f"the blank node {str(node)[:200]} has no XML name"
        if isinstance(node, ox.Literal) and _NO_CHARACTER.search(node.value):
            return _CONTROL
        if isinstance(node, ox.Triple) and (inner := obstacle(node, form)):
            return inner
    return ""


def holdable(triples: Iterable[T], form: ox.RdfFormat) -> Iterable[T]:
    """Return statements as they go to a serialiser; the first that the format cannot hold raises.

    Raises:
        FormatError: while they are read.
    """
    return triples if holds_all(form) else _checked(triples, form)


def holds_all(form: ox.RdfFormat) -> bool:
    """Return whether a format can hold every statement."""
    return form not in (ox.RdfFormat.RDF_XML, ox.RdfFormat.JSON_LD)


def _checked(triples: Iterable[T], form: ox.RdfFormat) -> Iterator[T]:
    for triple in triples:
        if reason := obstacle(triple, form):
            raise FormatError(str(form), reason)
        yield triple


class WellFormed:
    """A stream for XML that refuses what XML cannot hold.

    Args:
        stream: where to write.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, data: bytes) -> int:
        """Pass bytes on.

        Raises:
            FormatError: XML cannot hold them.
        """
        if _NO_BYTE.search(data):
            raise FormatError("XML", _CONTROL)
        return self._stream.write(data)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()
