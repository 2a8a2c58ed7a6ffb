"""Metrics for Prometheus, and the access log."""

from __future__ import annotations

import itertools
import json
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Info,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from clustergraph import artefacts
from clustergraph.errors import UsageError
from clustergraph.http.cache import AnswerCache
from clustergraph.workers.pool import Pool

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one service, in a registry of its own.

    Args:
        readers: the workers that are looked at.
        cache: likewise.
    """

    def __init__(self, readers: Pool, cache: AnswerCache) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, meaning: str) -> Counter:
            return Counter(f"clustergraph_{name}", meaning, registry=registry)

        def gauge(name: str, meaning: str, look: Callable[[], float]) -> None:
            Gauge(f"clustergraph_{name}", meaning, registry=registry).set_function(look)

        self.refused_writes = counter(
            "refused_writes", "Writes refused for the violations they add."
        )
        self.write_warnings = counter("write_warnings", "Findings of accepted writes.")
        self.follow_failures = counter(
            "follow_failures", "Failed attempts to find a new generation."
        )
        self.prepare_failures = counter(
            "prepare_failures", "Generations whose page data could not be computed ahead."
        )
        # Plain numbers: every request changes them.
        self._requests: dict[tuple[str, int], int] = {}
        self._sent_bytes = 0
        self._query_seconds = 0.0
        self._queries = [0] * (len(_BUCKETS_S) + 1)
        started_at = time.time()
        meaning = "When the service started, in seconds since 1970."
        gauge("start_time_seconds", meaning, lambda: started_at)
        gauge("queue", "Requests that wait for a worker.", lambda: readers.figures()["waiting"])
        gauge("generation", "The generation that is served.", lambda: readers.target.number)
        gauge("cache_bytes", "Memory that kept responses take.", lambda: cache.used_bytes)
        gauge("cache_answers", "Responses kept.", lambda: len(cache))
        version = Info("clustergraph", "The version that runs.", registry=registry)
        version.info({"version": artefacts.version()})
        self._readers = readers
        self._cache = cache
        registry.register(self)

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
        """Yield what others count (a custom collector)."""
        meaning = "Requests by operation and HTTP status."
        requests = CounterMetricFamily(
            "clustergraph_requests", meaning, labels=["operation", "status"]
        )
        for (operation, status), number in self._requests.items():
            requests.add_metric([operation, str(status)], number)
        bounds = [*(str(float(bound)) for bound in _BUCKETS_S), "+Inf"]
        buckets = list(zip(bounds, itertools.accumulate(self._queries), strict=True))
        queries = HistogramMetricFamily(
            "clustergraph_query_seconds", "Time that queries took.", buckets, self._query_seconds
        )
        meaning = "Bytes of response bodies."
        sent = CounterMetricFamily("clustergraph_sent_bytes", meaning, self._sent_bytes)
        workers = GaugeMetricFamily(
            "clustergraph_workers", "Worker processes that read, by state.", labels=["state"]
        )
        for state, count in self._readers.figures().items():
            if state != "waiting":
                workers.add_metric([state], count)
        meaning = "Workers that ended before their response did, by reason."
        ended = CounterMetricFamily("clustergraph_workers_ended", meaning, labels=["reason"])
        for reason, count in sorted(self._readers.failures.items()):
            ended.add_metric([reason], count)
        meaning = "Requests by whether their response was kept."
        found = CounterMetricFamily("clustergraph_cache_requests", meaning, labels=["result"])
        found.add_metric(["hit"], self._cache.hits)
        found.add_metric(["miss"], self._cache.misses)
        return requests, queries, sent, workers, ended, found

    def render(self) -> bytes:
        """Return all of it in the text exposition format."""
        return generate_latest(self.registry)


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

    def write(self, **entry: object) -> None:
        """Add a line with the time and these members."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
        self._stream.write(json.dumps({"time": stamp, **entry}) + "\n")

    def flush(self) -> None:
        """Write out what has gathered."""
        self._stream.flush()

    def close(self) -> None:
        """Write out the rest."""
        self._stream.flush()
        if self._own:
            self._stream.close()
