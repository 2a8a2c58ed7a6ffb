"""What the service counts, as Prometheus reads it, and a line in the log for each request."""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

import clustergraph
from clustergraph.errors import UsageError

__all__ = ["AccessLog", "Metrics"]

BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counters of requests and their times (Prometheus text exposition format 0.0.4)."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.sent_bytes = 0
        self.follow_failures = 0
        self.refused_writes = 0
        self.write_warnings = 0
        self._buckets = [0] * (len(BUCKETS_S) + 1)
        self._seconds = 0.0
        self._started_s = time.time()

    def observe(self, operation: str, status: int, seconds: float, size: int) -> None:
        """Count one request.

        Args:
            operation: ``query``, ``update``, ``store``, …
            status: the HTTP status; 499: the client left.
            seconds: from the request to the end of the answer.
            size: bytes of the body sent.
        """
        self.requests[operation, status] += 1
        self.sent_bytes += size
        if operation == "query":
            self._buckets[bisect_left(BUCKETS_S, seconds)] += 1
            self._seconds += seconds

    def render(self, gauges: Mapping[str, tuple[str, str, Mapping[str, float]]]) -> str:
        """Return all of it as text.

        Args:
            gauges: by name: type, meaning, and values by label set (``state="idle"``; may be
                empty).
        """
        lines = _metric(
            "clustergraph_info",
            "gauge",
            "The version that runs.",
            {f'version="{clustergraph.__version__}"': 1},
        )
        lines += _metric(
            "clustergraph_start_time_seconds",
            "gauge",
            "When the service started, in seconds since 1970.",
            {"": self._started_s},
        )
        lines += _metric(
            "clustergraph_requests_total",
            "counter",
            "Requests by operation and HTTP status.",
            {
                f'operation="{operation}",status="{status}"': count
                for (operation, status), count in sorted(self.requests.items())
            },
        )
        for name, meaning, count in (
            ("refused_writes", "Writes refused for the violations they add.", self.refused_writes),
            (
                "write_warnings",
                "Findings that writes added, and passed.",
                self.write_warnings,
            ),
        ):
            lines += _metric(f"clustergraph_{name}_total", "counter", meaning, {"": count})
        lines += _metric(
            "clustergraph_sent_bytes_total",
            "counter",
            "Bytes of answers, without headers.",
            {"": self.sent_bytes},
        )
        name = "clustergraph_query_seconds"
        lines += [f"# HELP {name} Time that queries took.", f"# TYPE {name} histogram"]
        total = 0
        for bound, count in zip((*BUCKETS_S, "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        lines += [f"{name}_sum {self._seconds:.6f}", f"{name}_count {total}"]
        for name, (kind, meaning, values) in gauges.items():
            lines += _metric(name, kind, meaning, values)
        return "\n".join(lines) + "\n"


def _metric(name: str, kind: str, meaning: str, values: Mapping[str, float]) -> list[str]:
    lines = [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
    for labels, value in values.items():
        lines.append(f"{name}{{{labels}}} {value}" if labels else f"{name} {value}")
    return lines


class AccessLog:
    """A JSON object a line for each request; written out now and then, and at the end.

    Args:
        path: where to; ``-`` is standard output.
        with_queries: whether the lines hold what was asked.

    Raises:
        UsageError: it cannot be written there.
    """

    def __init__(self, path: Path, with_queries: bool) -> None:
        self.with_queries = with_queries
        self._own = str(path) != "-"
        try:
            self._stream: IO[str] = (
                path.open("a", encoding="utf-8")
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
        how: str,
        query: str | None,
    ) -> None:
        """Add a line.

        Args:
            client: its address.
            method: of the request.
            path: of the request, without the query string.
            status: of the answer; 499: the client left.
            seconds: from the request to the end of the answer.
            size: bytes of the body sent.
            how: ``hit`` (from the cache), ``miss``, or why it failed.
            query: what was asked; kept only if the log is to hold queries.
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
            "how": how,
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
