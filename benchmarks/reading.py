"""How fast queries are answered."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import load
from bench import Bench, middle, ratio, say
from load import Rate
from report import Finding
from servers import Server, peer_python, rdflib_endpoint

__all__ = ["cached", "export", "lookups", "mix"]

JSON = "application/sparql-results+json"
N_TRIPLES = "application/n-triples"
QUERIES = sorted(Path(__file__).with_name("queries").glob("*.rq"))
EXPORT = "SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 100000"


def cached(bench: Bench) -> Finding:
    """The same query again and again, 16 connections."""
    cases = {
        "one thing": f"SELECT ?p ?o WHERE {{ <{bench.things[0]}> ?p ?o }}",
        "organisations in regions": QUERIES[7].read_text("utf-8"),
    }
    rows = [["query", "clustergraph /s", "oxigraph /s", "ratio"]]
    ratios = []
    with bench.pair() as pair:
        for name, query in cases.items():

            def burst(server: Server, query: str = query) -> float:
                targets = [load.target(server.path, query)]
                return sound(load.measure(server.port, targets, bench.seconds)).per_second

            ours, native = bench.in_turns(pair, burst)
            ratios.append(ratio(ours, native))
            rows.append([name, f"{middle(ours):,.0f}", f"{middle(native):,.1f}", times(ratios[-1])])
    return Finding(
        "cached",
        "Repeated query, cached, 16 connections",
        "≥ 1.4 × Oxigraph server",
        times(ratios[0]),
        ratios[0] >= 1.4,
        rows,
    )


def lookups(bench: Bench) -> Finding:
    """What is stated about a thing, another one each time, 16 connections.

    Things are named by IRIs, and by names with a prefix, as people write queries.
    """
    used: dict[tuple[str, bool], list[float]] = {}
    prefixed = False

    def burst(server: Server) -> float:
        targets = load.lookups(server.path, bench.things, prefixed)
        before = server.cpu_s()
        rate = sound(load.measure(server.port, targets, bench.seconds, tag=bench.tag()))
        cost = (server.cpu_s() - before) / rate.answers * 1e6
        used.setdefault((server.name, prefixed), []).append(cost)
        return rate.per_second

    def row(server: str, rates: list[float], compared: str = "") -> list[str]:
        names = "with prefix" if prefixed else "full IRI"
        cost = f"{middle(used[server, prefixed][1:]):,.0f}"
        return [server, names, f"{middle(rates):,.0f}", cost, compared]

    rows = [["server", "names", "answers /s", "processor time each, µs", "clustergraph is"]]
    to_native: dict[bool, float] = {}
    with bench.pair() as pair:
        for prefixed in (False, True):
            ours, native = bench.in_turns(pair, burst)
            to_native[prefixed] = ratio(ours, native)
            rows.append(row("clustergraph", ours))
            rows.append(row("oxigraph", native, times(to_native[prefixed])))
        to_rdflib = 0.0
        try:
            python = peer_python(bench.work / "peers")
        except (OSError, subprocess.SubprocessError) as error:
            rows.append(["rdflib-endpoint", f"not installed: {error}", "", "", ""])
        else:
            say("rdflib-endpoint reads the graph")
            with rdflib_endpoint(python, bench.quads(bench.size)) as rdflib:
                ours, theirs = bench.in_turns((pair[0], rdflib), burst)
                to_rdflib = ratio(ours, theirs)
                rows.append(row("rdflib-endpoint", theirs, times(to_rdflib)))
    return Finding(
        "lookups",
        "Distinct point look-ups by full IRI and by name with prefix, 16 connections, "
        "two processors",
        "≥ 0.25 × Oxigraph server by either; ≥ 3 × rdflib-endpoint",
        f"{times(to_native[False])} and {times(to_native[True])}; {times(to_rdflib)}",
        min(to_native.values()) >= 0.25 and to_rdflib >= 3,
        rows,
    )


def mix(bench: Bench) -> Finding:
    """Fourteen analyst queries, one after the other, never from a cache."""
    taken: dict[str, dict[str, list[float]]] = {}
    answers: dict[str, dict[str, Counter[str]]] = {}
    used: dict[str, list[float]] = {}

    def all_queries(server: Server) -> float:
        total = 0.0
        before = server.cpu_s()
        for path in QUERIES:
            query = f"{path.read_text('utf-8')}# {bench.tag()}"
            form = N_TRIPLES if "CONSTRUCT" in query else JSON
            answer = server.ask(query, form)
            assert answer.status == 200, (server.name, path.stem, answer.status)
            assert answer.whole, (server.name, path.stem)
            taken.setdefault(path.stem, {}).setdefault(server.name, []).append(answer.seconds)
            answers.setdefault(path.stem, {})[server.name] = rows_of(answer.body, form)
            total += answer.seconds
        used.setdefault(server.name, []).append(server.cpu_s() - before)
        return total

    with bench.pair() as pair:
        ours, native = bench.in_turns(pair, all_queries)
    unlike = [name for name, by in answers.items() if by["clustergraph"] != by["oxigraph"]]
    total = ratio(ours, native)
    rows = [["query", "rows", "clustergraph ms", "oxigraph ms", "ratio"]]
    for name, by in taken.items():
        one, other = middle(by["clustergraph"][1:]), middle(by["oxigraph"][1:])
        found = f"{answers[name]['oxigraph'].total():,}"
        rows.append([name, found, f"{one * 1e3:,.0f}", f"{other * 1e3:,.0f}", times(one / other)])
    sums = [f"{middle(ours) * 1e3:,.0f}", f"{middle(native) * 1e3:,.0f}", times(total)]
    rows.append(["all", "", *sums])
    one, other = (used[name][1:] for name in ("clustergraph", "oxigraph"))
    cost = [f"{middle(one) * 1e3:,.0f}", f"{middle(other) * 1e3:,.0f}", times(ratio(one, other))]
    rows.append(["processor time of all", "", *cost])
    same = "same answers" if not unlike else f"other answers: {', '.join(unlike)}"
    return Finding(
        "mix",
        f"Mix of {len(QUERIES)} analyst queries at {bench.size:,} quads, no cache, total time",
        "≤ 1.1 × Oxigraph server",
        f"{times(total)}, {same}",
        total <= 1.1 and not unlike,
        rows,
    )


def export(bench: Bench) -> Finding:
    """100,000 rows at once; what the serving process needs for it."""

    def take(server: Server) -> float:
        answer = server.ask(f"{EXPORT} # {bench.tag()}", JSON)
        assert answer.status == 200, server.name
        assert answer.whole, server.name
        return answer.seconds

    with bench.pair() as pair:
        idle = pair[0].resident_mb()
        pair[0].forget_peak()
        ours, native = bench.in_turns(pair, take)
        above = pair[0].peak_mb() - idle
        query = f"{EXPORT} # size"
        size = len(pair[0].ask(query, JSON).body)
    total = ratio(ours, native)
    rows = [
        ["", "clustergraph", "oxigraph"],
        ["time, ms", f"{middle(ours) * 1e3:,.0f}", f"{middle(native) * 1e3:,.0f}"],
        ["size, MB", f"{size / (1 << 20):.1f}", ""],
        ["serving process when idle, MB", f"{idle:.0f}", ""],
        ["above idle at most, MB", f"{above:.0f}", ""],
    ]
    return Finding(
        "export",
        "100,000-row export",
        "≤ 1.1 × Oxigraph server's time; serving process < 150 MB above idle",
        f"{times(total)}; {above:.0f} MB",
        total <= 1.1 and above < 150,
        rows,
    )


def rows_of(body: bytes, form: str) -> Counter[str]:
    """Return the rows of an answer, whatever their order and the names of blank nodes."""
    if form == N_TRIPLES:
        return Counter(dict.fromkeys(body.decode().splitlines(), 1))
    return Counter(
        " ".join(
            f"{name}={'_:' if value['type'] == 'bnode' else sorted(value.items())}"
            for name, value in sorted(row.items())
        )
        for row in json.loads(body)["results"]["bindings"]
    )


def sound(rate: Rate) -> Rate:
    """Return the rate of a burst in which nothing failed."""
    assert not rate.failed, rate
    return rate


def times(ratio: float) -> str:
    """Return a ratio as text."""
    return f"{ratio:.2f} ×"
