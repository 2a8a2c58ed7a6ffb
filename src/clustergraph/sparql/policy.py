r"""The policy for untrusted queries and updates, enforced before any parser sees them.

An engine calls out to whatever address a SERVICE clause names, and its recursive parser overflows
the stack on deep nesting, which takes the whole process down. Both are refused here, on the
tokens alone. Engines differ in how they read a text: some need no space around keywords
(``SERVICE:x``, ``1SERVICE<…>`` are clauses to them), some decode ``\u0053ERVICE`` before they
parse (SPARQL 1.1, section 19.2), and ``<`` opens an IRI or is an operator by context. Where the
tokens leave a doubt, the text is refused.

The engines (`clustergraph.quadstore`) apply the policy themselves: it is given to them at
construction, and no text reaches an evaluator without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clustergraph.errors import FederationError, QueryRefusedError, QueryTooLongError, shortened
from clustergraph.settings import MAX_NESTING, MAX_QUERY_BYTES
from clustergraph.sparql.addresses import admits, objection
from clustergraph.sparql.lexer import OPENERS, Token, depths, position, tokenise


@dataclass(frozen=True, slots=True)
class QueryPolicy:
    """What a query or an update may do; the default allows no call to another host.

    Attributes:
        max_bytes: longest text, in bytes of UTF-8.
        max_nesting: deepest nesting of brackets.
        services: addresses that SERVICE may name; see `clustergraph.sparql.addresses.admits`.
        loads: addresses that LOAD may name.
        network: whether this process may reach other hosts. If so, their names are resolved just
            before the call, and refused if they lead to a private network.
    """

    max_bytes: int = MAX_QUERY_BYTES
    max_nesting: int = MAX_NESTING
    services: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    network: bool = False

    def check_query(self, text: str) -> None:
        """Refuse a query that breaks this policy.

        Raises:
            QueryTooLongError: it is longer than ``max_bytes``.
            FederationError: it is allowed but calls other endpoints, and ``network`` is false.
            QueryRefusedError: its brackets nest too deeply, or it calls an address that is not
                allowed, or it may be read so.
        """
        self._check_size(text)
        if self.check_calls(text) and not self.network:
            raise FederationError("the query calls other endpoints, and there is no network here")

    def check_update(self, text: str) -> str:
        """Refuse an update that breaks this policy; arguments and errors as for `check_query`.

        Returns:
            The update, in which each ``LOAD SILENT`` of a refused address loads nothing at once:
            with SILENT the operation succeeds whatever goes wrong (SPARQL 1.1 Update, 3.1.4).
        """
        self._check_size(text)
        admitted = self._mute_loads(text)
        if self.check_calls(admitted, self.loads) and not self.network:
            raise FederationError("the update loads from other hosts, and there is no network here")
        return admitted

    def _check_size(self, text: str) -> None:
        if len(text) <= min(self.max_nesting, self.max_bytes // 4):
            return
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > self.max_bytes:
            raise QueryTooLongError(
                f"the text is {size:,} bytes long; at most {self.max_bytes:,} are accepted: split "
                "it, move long lists of values into several requests, or send data to /store"
            )
        for reading in _readings(text):
            _limit_nesting(reading, self.max_nesting)

    def check_calls(self, text: str, loads: Sequence[str] | None = None) -> bool:
        """Refuse a text that calls an address which is not allowed; whatever its size.

        Args:
            text: a query or an update.
            loads: addresses that LOAD may name; None: the text is a query, which has no LOAD.

        Returns:
            Whether it calls any address.

        Raises:
            QueryRefusedError: it calls what is not allowed, or may be read so.
        """
        called = False
        for reading in _readings(text):
            for token, reason, _ in _calls(reading, self.services, loads, self.network):
                if reason:
                    line, column = position(reading, token.start)
                    raise QueryRefusedError(shortened(f"line {line}, column {column}: {reason}"))
                called = True
        return called

    def _mute_loads(self, text: str) -> str:
        muted = [
            address
            for _, reason, address in _calls(text, (), self.loads, self.network)
            if reason and address is not None
        ]
        for address in reversed(muted):
            text = text[: address.start] + _NOWHERE + text[address.end :]
        return text


def without_addresses(text: str) -> str:
    """Return an admitted query whose SERVICE clauses lead nowhere, to parse it without a call.

    Everything stays at its line and column.
    """
    folded = text.casefold()
    if "service" not in folded:
        return text
    found = tokenise(text)
    for index in reversed(range(len(found))):
        if _is_service(found[index], index, found):
            for token in found[index + 1 : index + 3]:
                if token.kind == "iri" and token.text.startswith(("<http:", "<https:")):
                    nowhere = "<x:>" + " " * (len(token.text) - 4)
                    text = text[: token.start] + nowhere + text[token.end :]
                    break
    return text


_ESCAPE: Final = re.compile(r"\\\\|\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_ANY_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


def _readings(text: str) -> Iterator[str]:
    """Yield a text as written, and as engines see it that decode its escapes first.

    Such engines may or may not leave an escape alone whose backslash is itself escaped.
    """
    yield text
    if "\\u" in text or "\\U" in text:
        decoded = dict.fromkeys(pattern.sub(_decode, text) for pattern in (_ESCAPE, _ANY_ESCAPE))
        yield from (reading for reading in decoded if reading != text)


def _decode(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2]
    if digits is None:
        return escape[0]
    number = int(digits, 16)
    return chr(number) if number <= 0x10FFFF else escape[0]


# `<…>` with a quotation mark or a hash in it may hide a string or a comment from one of the two
# readings. `<scheme://` can only be an IRI: no operator is written with two slashes.
_PLAIN_IRI: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://[^']*>|<[^'#]*>")


def _ambiguous(token: Token) -> bool:
    return token.kind == "iri" and not _PLAIN_IRI.fullmatch(token.text)


# The engine fetches http and https alone, and fails here without asking anybody.
_NOWHERE: Final = "<urn:x-clustergraph:refused>"


def _calls(
    text: str, services: Sequence[str], loads: Sequence[str] | None, resolve: bool
) -> Iterator[tuple[Token, str | None, Token | None]]:
    """Yield what calls other hosts, or may be read so; what is muted calls nobody.

    Each with the reason why it is refused, if it is, and the address of a LOAD that says SILENT.
    """
    folded = text.casefold()
    if "service" not in folded and (loads is None or "load" not in folded):
        return
    found = tokenise(text)
    depth = 0
    for index, token in enumerate(found):
        if token.kind == "sign":
            depth += (token.text == "{") - (token.text == "}")
        after = found[index + 1 : index + 3]
        muteable = None
        if _is_service(token, index, found):
            verb, allowed = "SERVICE", services
        elif loads is not None and not depth and _is_load(token, index, found):
            verb, allowed = "LOAD", loads
            if token.is_word(verb) and len(after) == 2 and after[0].is_word("SILENT"):
                plain = after[1].kind == "iri" and not _ambiguous(after[1])
                muteable = after[1] if plain else None
                if muteable is not None and muteable.text == _NOWHERE:
                    continue
        elif _ambiguous(token):
            verb, allowed = "SERVICE", ()
        else:
            continue
        yield token, _refusal(verb, allowed, token, after, resolve), muteable


def _is_service(token: Token, index: int, found: Sequence[Token]) -> bool:
    if token.kind == "word":
        return "SERVICE" in token.text.upper()
    if token.kind == "name" and "SERVICE" in token.text.partition(":")[0].upper():
        # `service:x {` is a clause, but a name of the prefix service: anywhere else.
        follows = found[index + 1].text if index + 1 < len(found) else ""
        return follows == "{" and not (index and found[index - 1].is_word("GRAPH"))
    return False


_BEFORE_A_NAME: Final = frozenset(
    ("PREFIX", "GRAPH", "WITH", "USING", "NAMED", "INTO", "TO", "ADD", "MOVE", "COPY", "SILENT")
)


def _is_load(token: Token, index: int, found: Sequence[Token]) -> bool:
    """Say whether a token outside all braces is the keyword LOAD, or holds it."""
    if token.kind == "word":
        return "LOAD" in token.text.upper()
    if token.kind == "name" and "LOAD" in token.text.partition(":")[0].upper():
        before = found[index - 1].text.upper() if index else ""
        return before not in _BEFORE_A_NAME
    return False


def _refusal(
    verb: str, allowed: Sequence[str], token: Token, after: Sequence[Token], resolve: bool
) -> str | None:
    """Return why a clause is refused, or None."""
    if not allowed:
        if verb == "LOAD":
            return "LOAD is refused: fetch the document yourself and send it to /store"
        return (
            "SERVICE is refused: this graph calls no other "
            "endpoint; ask the other endpoint itself and join the answers"
        )
    if after and after[0].is_word("SILENT"):
        after = after[1:]
    if not token.is_word(verb) or not after or after[0].kind != "iri" or "\\" in after[0].text:
        return f"{verb} is refused: name the address in full, as <https://…>"
    address = after[0].text[1:-1]
    if not admits(allowed, address):
        return f"{verb} is refused: <{address}> is not among the addresses that may be called"
    if (reason := objection(address, resolve=resolve)) is not None:
        return f"{verb} is refused: <{address}> {reason}"
    return None


def _limit_nesting(text: str, max_nesting: int) -> None:
    """Refuse a text whose brackets nest too deeply to be parsed safely."""
    # No more opening brackets than levels allowed: no need to look closer.
    if sum(text.count(opener) for opener in "({[") + text.count("<<") <= max_nesting:
        return
    found = tokenise(text)
    for token in filter(_ambiguous, found):
        raise QueryRefusedError(
            f"{shortened(token.text)} may hide brackets: write the IRI in full, with its scheme"
        )
    # A bracket is outside its pair, and within it even where nothing else is.
    opened = (token.kind == "sign" and token.text in OPENERS for token in found)
    deepest = max(map(sum, zip(depths(found), opened, strict=True)), default=0)
    if deepest > max_nesting:
        raise QueryRefusedError(
            f"brackets nest {deepest} deep; at most {max_nesting} levels are accepted"
        )


def names_its_graphs(text: str) -> bool:
    """Return whether the query names its default graph or graphs (FROM, SPARQL 1.1, 13.2)."""
    return "from" in text.casefold() and any(
        token.is_word("FROM") or token.is_word("FROMNAMED") for token in tokenise(text)
    )


def graph_clauses(text: str) -> tuple[str, list[str], list[str]]:
    """Return a query's prologue, and the terms of FROM and FROM NAMED as written."""
    found = tokenise(text)
    first = next((at for at, one in enumerate(found) if one.text.upper() in _FORMS), 0)
    prologue = text[: found[first].start] if found else ""
    default, named = [], []
    for at, token in enumerate(found[:-1]):
        if token.text == "{":
            break
        follows = found[at + 1]
        if token.is_word("FROM") and follows.kind in ("iri", "name"):
            default.append(follows.text)
        elif token.is_word("NAMED") and follows.kind in ("iri", "name"):
            named.append(follows.text)
    return prologue, default, named


_FORMS: Final = frozenset(("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"))
