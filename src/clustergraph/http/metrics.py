"""Metrics for Prometheus, and the access log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

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
        self._requests = Counter(
            "clustergraph_requests",
            "Requests by operation and HTTP status.",
            ("operation", "status"),
            registry=self.registry,
        )
        self._requests_of: dict[tuple[str, int], Counter] = {}
        self._query_seconds = Histogram(
            "clustergraph_query_seconds",
            "Time that queries took.",
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._sent_bytes = self._counter("sent_bytes", "Bytes of response bodies.")
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
        Info("clustergraph", "The version that runs.", registry=self.registry).info(
            {"version": artefacts.version()}
        )
        Gauge(
            "clustergraph_start_time_seconds",
            "When the service started, in seconds since 1970.",
            registry=self.registry,
        ).set_to_current_time()
        self._readers = readers
        self._cache = cache
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
        counter = self._requests_of.get((operation, status))
        if counter is None:
            counter = self._requests.labels(operation, str(status))
            self._requests_of[operation, status] = counter
        counter.inc()
        self._sent_bytes.inc(size)
        if operation == "query":
            self._query_seconds.observe(seconds)

    def collect(self) -> Iterable[Metric]:
        """Yield what is looked at only when the metrics are asked for (a custom collector)."""
        states = self._readers.figures()
        waiting = states.pop("waiting")
        yield from _gauges("workers", "Worker processes that read, by state.", "state", states)
        yield _gauge("queue", "Requests that wait for a worker.", waiting)
        yield _gauge("generation", "The generation that is served.", self._readers.target.number)
        ended = CounterMetricFamily(
            "clustergraph_workers_ended",
            "Workers that ended before their response did, by reason.",
            labels=["reason"],
        )
        for reason, count in sorted(self._readers.failures.items()):
            ended.add_metric([reason], count)
        yield ended
        yield _gauge("cache_bytes", "Memory that kept responses take.", self._cache.used_bytes)
        yield _gauge("cache_answers", "Responses kept.", len(self._cache))
        found = CounterMetricFamily(
            "clustergraph_cache_requests",
            "Requests by whether their response was kept.",
            labels=["result"],
        )
        found.add_metric(["hit"], self._cache.hits)
        found.add_metric(["miss"], self._cache.misses)
        yield found

    def render(self) -> bytes:
        """Return all of it in the text exposition format."""
        return generate_latest(self.registry)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"clustergraph_{name}", meaning, value=value)


def _gauges(
    name: str, meaning: str, label: str, values: dict[str, int]
) -> Iterator[GaugeMetricFamily]:
    family = GaugeMetricFamily(f"clustergraph_{name}", meaning, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    yield family


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
