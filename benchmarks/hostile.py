"""What queries without an end do to others, and what becomes of them."""

from __future__ import annotations

import time

import load
from bench import Bench, middle, say
from report import Finding
from servers import Server, clustergraph, oxigraph

__all__ = ["crowded", "endless"]

JSON = "application/sparql-results+json"
# Some 10,000 rows, three times multiplied by themselves: endless work in little memory.
ENDLESS = (
    "PREFIX cg: <https://w3id.org/clustergraph/ns#> SELECT (COUNT(*) AS ?n) WHERE { "
    "?a a cg:Figure . ?b a cg:Figure . ?c a cg:Figure . ?d a cg:Figure "
    "FILTER(CONCAT(STR(?a), STR(?b), STR(?c), STR(?d)) = '') }"
)
KINDS = {
    "cross product": "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f FILTER(CONCAT(STR(?a), STR(?d)) = '') }",
    "long path": "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<x:a>|^<x:a>)* ?b . ?b (!<x:b>)* ?c }",
    "ORDER BY": "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f LIMIT 10",
    "aggregate": "SELECT ?c ?f (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f } GROUP BY ?c ?f",
    "GROUP_CONCAT": "SELECT (GROUP_CONCAT(?c) AS ?all) WHERE { ?a ?b ?c . ?d ?e ?f }",
    "rows without end": "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f }",
}
DEADLINE_S = 3.0
# What a fresh worker needs more than a warm one, and noise.
KEPT_MB = 64
WATCHED_S = 2.0


def crowded(bench: Bench) -> Finding:
    """Look-ups while queries without an end run."""
    rows = [["server", "endless queries", "look-ups /s", "of the quiet rate", "slowest, ms"]]

    def burst(server: Server) -> load.Rate:
        targets = load.lookups(server.path, bench.things)
        return load.measure(server.port, targets, bench.seconds, tag=bench.tag())

    def beside(server: Server, count: int, rounds: int) -> tuple[float, float, bool]:
        """Return the share of the quiet rate, the slowest answer and whether all came."""
        shares, slowest, whole, rates = [], 0.0, True, []
        for _ in range(rounds):
            quiet = burst(server)
            endless = [f"{ENDLESS} # {bench.tag()}" for _ in range(count)]
            with server.asking(endless):
                time.sleep(1.5)
                busy = burst(server)
            time.sleep(1.5)
            shares.append(busy.per_second / quiet.per_second)
            rates.append(busy.per_second)
            slowest = max(slowest, busy.worst_ms)
            whole = whole and not busy.failed
        share = middle(shares)
        rows.append(
            [server.name, str(count), f"{middle(rates):,.0f}", f"{share:.2f}", f"{slowest:,.0f}"]
        )
        return share, slowest, whole

    with clustergraph(bench.store(bench.size), "--query-timeout-s", "120") as ours:
        burst(ours)
        two, _, answered = beside(ours, 2, bench.rounds)
        four, slowest, all_answered = beside(ours, 4, bench.rounds)
    # Its endless queries cannot be ended, so it gets one turn.
    with oxigraph(bench.database(bench.size)) as native:
        burst(native)
        beside(native, 2, 1)
    passed = two >= 0.9 and answered and all_answered and slowest < 2000
    return Finding(
        "crowded",
        "Point look-ups while two endless queries run, and four",
        "≥ 0.9 of their quiet rate; four block nobody (all answered, each within 2 s)",
        f"{two:.2f}; {four:.2f}, slowest {slowest:,.0f} ms",
        passed,
        rows,
    )


def endless(bench: Bench) -> Finding:
    """Every kind of query without an end: stopped, told so, and leaving nothing behind."""
    rows = [["query", "status", "stopped after, s", "processor after, %", "memory after, MB"]]
    passed = True
    options = ["--query-timeout-s", f"{DEADLINE_S:g}"]
    with clustergraph(bench.store(bench.size), *options) as ours:
        for query in ("ASK {}", "SELECT * WHERE { ?s ?p ?o } LIMIT 100000"):
            ours.ask(query, JSON)
        before = ours.memory_mb()
        rows.append(["none", "", "", "", f"{before:.0f}"])
        for name, query in KINDS.items():
            say(f"endless: {name}")
            answer = ours.ask(query, JSON, 60)
            time.sleep(1)
            used = -ours.cpu_s()
            time.sleep(WATCHED_S)
            used += ours.cpu_s()
            after = ours.memory_mb()
            streamed = answer.status == 200 and not answer.whole
            proper = streamed if name == "rows without end" else answer.status in (503, 504, 507)
            passed = passed and proper and answer.seconds <= DEADLINE_S + 0.5
            passed = passed and used / WATCHED_S < 0.1 and after < before + KEPT_MB
            status = "200, broken off" if streamed else str(answer.status)
            busy = f"{used / WATCHED_S:.0%}"
            rows.append([name, status, f"{answer.seconds:.2f}", busy, f"{after:.0f}"])
    return Finding(
        "endless",
        f"Endless query of each kind, deadline {DEADLINE_S:g} s",
        "stopped within the deadline + 0.5 s, processor free, memory returned, proper status",
        "all" if passed else "not all",
        passed,
        rows,
    )
