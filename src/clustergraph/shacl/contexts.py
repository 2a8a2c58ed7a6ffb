"""JSON-LD contexts on other hosts, written into the document that names them.

The engine's parser fetches nothing. So an address that stands as a context gives way to the context
that was fetched from it, as the algorithm for processing contexts would take it: what it says by
``@base`` does not count, and addresses within it are relative to its own. What cannot be written
out with the same meaning is refused.

Source: JSON-LD 1.1 Processing Algorithms and API, section 4.1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

from clustergraph.rdf.positions import jsonld
from clustergraph.shacl.fetching import CONTEXT, Outside, UnfetchedError

__all__ = ["written_out"]

_JSON: Final = '"@json"'


def written_out(
    text: str, base: str, outside: Outside, refuse: Callable[[int, str], Exception]
) -> str:
    """Return a document in which no context of a node is an address.

    Lines stay where they are.

    Args:
        text: the document; what is no JSON comes back as it is, for the parser to say why.
        base: its address.
        outside: what may be fetched.
        refuse: makes the error for what cannot be had, from an offset in the text and a reason.
    """
    try:
        found = list(jsonld.contexts(text))
        literals = _JSON in json.dumps(json.loads(text))
    except (ValueError, RecursionError):
        return text
    at_top = [_Span.of(text, at, base, outside, refuse) for at, top in found if top]
    if literals or any(_JSON in span.text for span in at_top):
        # What looks like a context further down may be a part of a JSON literal.
        return _spliced(text, at_top)
    below = [_Span.of(text, at, base, outside, refuse) for at, top in found if not top]
    if any(_JSON in span.text for span in below):
        return _spliced(text, at_top)
    return _spliced(text, [*at_top, *below])


@dataclass(frozen=True)
class _Span:
    """A context in a text, and what takes its place."""

    start: int
    end: int
    text: str

    @staticmethod
    def of(
        text: str,
        start: int,
        base: str,
        outside: Outside,
        refuse: Callable[[int, str], Exception],
    ) -> _Span:
        context, end = json.JSONDecoder().raw_decode(text, start)
        if not any(_addresses(context)):
            return _Span(start, end, text[start:end])
        try:
            whole = _Writer(outside).resolved(context, base, ())
        except UnfetchedError as error:
            raise refuse(start, str(error)) from error
        return _Span(start, end, json.dumps(whole) + "\n" * text.count("\n", start, end))


def _spliced(text: str, spans: Sequence[_Span]) -> str:
    for span in sorted(spans, key=lambda span: -span.start):
        text = text[: span.start] + span.text + text[span.end :]
    return text


def _addresses(context: Any) -> Iterator[str]:
    """Yield the addresses that a context names, as they are written."""
    if isinstance(context, str):
        yield context
    elif isinstance(context, list):
        for one in context:
            yield from _addresses(one)
    elif isinstance(context, dict):
        if isinstance(context.get("@import"), str):
            yield context["@import"]
        for definition in context.values():
            if isinstance(definition, dict) and "@context" in definition:
                yield from _addresses(definition["@context"])


class _Writer:
    """Writes contexts out; what they grow to is bounded."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.left = outside.limits.bytes

    def resolved(self, context: Any, base: str, chain: tuple[str, ...]) -> Any:
        """Return a context without addresses.

        Args:
            context: null, an address, an object, or a list of these.
            base: the address that those in the context are relative to.
            chain: the contexts on the way here.

        Raises:
            UnfetchedError: an address cannot be had, or not be written out.
        """
        if isinstance(context, str):
            return self._remote(urljoin(base, context), chain)
        if isinstance(context, list):
            return self._listed(context, base, chain)
        if isinstance(context, dict):
            return self._scoped(context, base, chain)
        return context

    def _listed(self, contexts: list[Any], base: str, chain: tuple[str, ...]) -> list[Any]:
        flat: list[Any] = []
        for one in contexts:
            made = self.resolved(one, base, chain)
            if isinstance(one, str) and isinstance(made, dict) and "@propagate" in made:
                # Of an object in a list @propagate does not count, of one alone it does.
                raise UnfetchedError(
                    f"@context <{urljoin(base, one)}> says @propagate, which only counts where it "
                    "stands alone: write the context out"
                )
            flat += made if isinstance(made, list) else [made]
        return flat

    def _scoped(self, context: dict[str, Any], base: str, chain: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(context.get("@import"), str):
            address = urljoin(base, context["@import"])
            imported = self._loaded(address, chain)[0]
            if not isinstance(imported, dict) or "@import" in imported:
                raise UnfetchedError(
                    f"@import <{address}> is no context to import: it must be one object, without "
                    "an @import of its own"
                )
            rest = {name: value for name, value in context.items() if name != "@import"}
            chain = (*chain, address)
            context = imported | rest
        return {
            name: definition | {"@context": self.resolved(definition["@context"], base, chain)}
            if isinstance(definition, dict) and "@context" in definition
            else definition
            for name, definition in context.items()
        }

    def _remote(self, address: str, chain: tuple[str, ...]) -> Any:
        context, base = self._loaded(address, chain)
        made = self.resolved(context, base, (*chain, address))
        if isinstance(made, list):
            return [_without_base(one) for one in made]
        return _without_base(made)

    def _loaded(self, address: str, chain: tuple[str, ...]) -> tuple[Any, str]:
        """Return the context that is at an address, and its address in the end."""
        if address in chain:
            raise UnfetchedError(f"@context <{address}> refers to itself: write the context out")
        try:
            document = self.outside.get(address, CONTEXT)
        except UnfetchedError as error:
            raise UnfetchedError(f"@context <{address}> {error}") from error
        self.left -= len(document.content)
        if self.left < 0:
            raise UnfetchedError(
                f"@context <{address}> is named so often that the contexts grow beyond "
                f"{self.outside.limits.bytes >> 20} MiB: write the context out"
            )
        try:
            whole = json.loads(document.content)
        except (ValueError, RecursionError) as error:
            kind = document.media_type or "something unnamed"
            raise UnfetchedError(
                f"@context <{address}> is no JSON (the server says {kind}): name the address of "
                "the context itself"
            ) from error
        if not isinstance(whole, dict) or "@context" not in whole:
            raise UnfetchedError(f'@context <{address}> is no context: it has no "@context"')
        return whole["@context"], document.address


def _without_base(context: Any) -> Any:
    if not isinstance(context, dict):
        return context
    return {name: value for name, value in context.items() if name != "@base"}
