"""Metrics for Prometheus, and the access log."""

from __future__ import annotations

import itertools
import json
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Final

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from clustergraph import artefacts
from clustergraph.errors import UsageError
from clustergraph.http.cache import AnswerCache
from clustergraph.workers.pool import Pool

__all__ = ["AccessLog", "Metrics"]

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one service, in a registry of its own.

    Args:
        readers: the workers that are looked at.
        cache: likewise.
    """

    def __init__(self, readers: Pool, cache: AnswerCache) -> None:
        self.registry = CollectorRegistry()
        self.refused_writes = self._counter(
            "refused_writes", "Writes refused for the violations they add."
        )
        self.write_warnings = self._counter("write_warnings", "Findings of accepted writes.")
        self.follow_failures = self._counter(
            "follow_failures", "Failed attempts to find a new generation."
        )
        self.prepare_failures = self._counter(
            "prepare_failures", "Generations whose page data could not be computed ahead."
        )
        self._readers = readers
        self._cache = cache
        self._started_at = time.time()
        # Plain figures of one thread: every request changes them.
        self._requests: dict[tuple[str, int], int] = {}
        self._sent_bytes = 0
        self._query_seconds = 0.0
        self._queries = [0] * (len(_BUCKETS_S) + 1)
        self.registry.register(self)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"clustergraph_{name}", meaning, registry=self.registry)

    def observe(self, operation: str, status: int, seconds: float, size: int) -> None:
        """Count one request.

        Args:
            operation: ``query``, ``update``, ``store``, …
            status: the HTTP status; 499: the client left.
            seconds: from the request to the end of the response.
            size: bytes of the body sent.
        """
        key = operation, status
        self._requests[key] = self._requests.get(key, 0) + 1
        self._sent_bytes += size
        if operation == "query":
            self._query_seconds += seconds
            self._queries[bisect_left(_BUCKETS_S, seconds)] += 1

    def collect(self) -> Iterable[Metric]:
        """Yield what is looked at only when the metrics are asked for (a custom collector)."""
        counts = [((name, str(status)), count) for (name, status), count in self._requests.items()]
        meaning = "Requests by operation and HTTP status."
        yield _family(CounterMetricFamily, "requests", meaning, ("operation", "status"), counts)
        bounds = [*(str(float(bound)) for bound in _BUCKETS_S), "+Inf"]
        buckets = list(zip(bounds, itertools.accumulate(self._queries), strict=True))
        yield HistogramMetricFamily(
            "clustergraph_query_seconds", "Time that queries took.", buckets, self._query_seconds
        )
        meaning = "Bytes of response bodies."
        yield CounterMetricFamily("clustergraph_sent_bytes", meaning, self._sent_bytes)
        states = self._readers.figures()
        version = {"version": artefacts.version()}
        yield InfoMetricFamily("clustergraph", "The version that runs.", version)
        for name, meaning, value in (
            (
                "start_time_seconds",
                "When the service started, in seconds since 1970.",
                self._started_at,
            ),
            ("queue", "Requests that wait for a worker.", states.pop("waiting")),
            ("generation", "The generation that is served.", self._readers.target.number),
            ("cache_bytes", "Memory that kept responses take.", self._cache.used_bytes),
            ("cache_answers", "Responses kept.", len(self._cache)),
        ):
            yield GaugeMetricFamily(f"clustergraph_{name}", meaning, value)
        workers = [((state,), count) for state, count in states.items()]
        meaning = "Worker processes that read, by state."
        yield _family(GaugeMetricFamily, "workers", meaning, ("state",), workers)
        ended = [((reason,), count) for reason, count in sorted(self._readers.failures.items())]
        meaning = "Workers that ended before their response did, by reason."
        yield _family(CounterMetricFamily, "workers_ended", meaning, ("reason",), ended)
        found = [(("hit",), self._cache.hits), (("miss",), self._cache.misses)]
        meaning = "Requests by whether their response was kept."
        yield _family(CounterMetricFamily, "cache_requests", meaning, ("result",), found)

    def render(self) -> bytes:
        """Return all of it in the text exposition format."""
        return generate_latest(self.registry)


def _family(
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily],
    name: str,
    meaning: str,
    labels: Sequence[str],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    """Return a metric with a value for each combination of labels."""
    family = kind(f"clustergraph_{name}", meaning, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


class AccessLog:
    """A JSON object a line for each request; written out now and then, and at the end.

    Args:
        path: where to; ``-`` is standard output.
        with_queries: whether the lines hold queries and updates.

    Raises:
        UsageError: it cannot be written there.
    """

    def __init__(self, path: Path, with_queries: bool) -> None:
        self.with_queries = with_queries
        self._own = str(path) != "-"
        try:
            self._stream: IO[str] = (
                Path(path).open("a", encoding="utf-8")  # noqa: SIM115
                if self._own
                else open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            )
        except OSError as error:
            raise UsageError(f"{path}: the log cannot be written ({error.strerror})") from error

    def write(
        self,
        client: str,
        method: str,
        path: str,
        status: int,
        seconds: float,
        size: int,
        outcome: str,
        query: str | None,
    ) -> None:
        """Add a line.

        Args:
            client: its address.
            method: of the request.
            path: of the request, without the query string.
            status: of the response; 499: the client left.
            seconds: from the request to the end of the response.
            size: bytes of the body sent.
            outcome: ``hit`` (from the cache), ``miss``, or why it failed.
            query: kept only if the log is to hold queries.
        """
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
        entry = {
            "time": stamp,
            "client": client,
            "method": method,
            "path": path,
            "status": status,
            "seconds": round(seconds, 6),
            "bytes": size,
            "how": outcome,
        }
        if self.with_queries and query is not None:
            entry["query"] = query
        self._stream.write(json.dumps(entry) + "\n")

    def flush(self) -> None:
        """Write out what has gathered."""
        self._stream.flush()

    def close(self) -> None:
        """Write out the rest."""
        self._stream.flush()
        if self._own:
            self._stream.close()
