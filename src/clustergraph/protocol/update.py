"""The update operation of the SPARQL 1.1 Protocol (section 2.2)."""

from __future__ import annotations

from collections.abc import Sequence

import pyoxigraph as ox

from clustergraph.errors import FederationError, QueryRefusedError, StoreError
from clustergraph.protocol import Change, Context, Request, Response, faults, parameters
from clustergraph.protocol.preconditions import check
from clustergraph.quadstore import updates
from clustergraph.quadstore.checks import check_update_syntax
from clustergraph.quadstore.delta import Changed
from clustergraph.sparql.lexer import Token, position, tokenise
from clustergraph.vocab import BASE, PREFIXES


def answer(request: Request, context: Context) -> Response | Change:
    """Read and check an update.

    Raises:
        ClusterGraphError: the request cannot be done.
    """
    given = parameters.read(request, "update")
    if given.text is None:
        raise faults.bad_request("the request holds no update: add update=…")
    config = context.config
    if not context.config.writable:
        raise faults.read_only()
    policy = config.policy(context.network)
    try:
        admitted = policy.check_update(given.text)
    except FederationError:
        return Response(200, [], federated=True)
    complete = with_dataset(admitted, given.default_graphs, given.named_graphs)

    def apply(store: ox.Store, base: int) -> Changed[None]:
        check(request, context, base, exists=True)
        try:
            delta = updates.update(store, complete, base_iri=BASE, prefixes=PREFIXES, policy=policy)
            return Changed(None, delta)
        except SyntaxError as error:
            check_update_syntax(admitted, BASE, PREFIXES)
            raise faults.bad_request(parameters.shown(str(error))) from error
        except RuntimeError as error:
            raise faults.fault("The update failed", _advice(str(error))) from error
        except ValueError as error:
            raise faults.bad_request(parameters.shown(str(error))) from error
        except OSError as error:
            raise StoreError(f"the update could not be carried out: {error}") from error

    return Change(apply, lambda _: Response(204, []))


def with_dataset(text: str, default_graphs: Sequence[str], named_graphs: Sequence[str]) -> str:
    """Return an update as if USING and USING NAMED clauses stood in each of its operations.

    SPARQL 1.1 Protocol, section 2.2.3. Line numbers stay, and columns up to the first clause.

    Raises:
        RequestError: it has such clauses, or WITH, of its own (400).
        QueryRefusedError: its clauses cannot be told apart safely.
    """
    if not default_graphs and not named_graphs:
        return text
    clauses = [f"USING <{iri}> " for iri in default_graphs]
    clauses += [f"USING NAMED <{iri}> " for iri in named_graphs]
    using = " " + "".join(clauses)
    found = tokenise(text)
    insertions: list[tuple[int, str]] = []
    depth = 0
    for index, token in enumerate(found):
        if token.kind == "iri" and ("'" in token.text or '"' in token.text):
            raise QueryRefusedError(f"{token.text} may hide brackets: write the IRI otherwise")
        if token.kind == "sign":
            depth += (token.text == "{") - (token.text == "}")
        if depth or token.kind != "word":
            continue
        word = token.text.upper()
        if word in ("USING", "WITH"):
            line, column = position(text, token.start)
            raise faults.bad_request(
                f"line {line}, column {column}: {token.text} and using-graph-uri exclude each "
                "other: name the dataset in the update or in the request",
                line=line,
                column=column,
            )
        if word == "WHERE":
            if index and found[index - 1].is_word("DELETE"):
                # DELETE WHERE takes no USING; written out it does.
                pattern = text[token.end : _closing(found, index + 1, text)]
                insertions.append((token.start, f"{pattern}{using}"))
            else:
                insertions.append((token.start, using))
    for offset, clause in reversed(insertions):
        text = text[:offset] + clause + text[offset:]
    return text


def _closing(found: Sequence[Token], index: int, text: str) -> int:
    """Return where the group that opens at a token ends."""
    depth = 0
    for token in found[index:]:
        if token.kind == "sign":
            depth += (token.text == "{") - (token.text == "}")
            if token.text == "}" and not depth:
                return token.end
    return len(text)


def _advice(message: str) -> str:
    advice = f"{message}; nothing was changed"
    return f"{advice}; SILENT lets such an operation pass" if "exist" in message else advice
