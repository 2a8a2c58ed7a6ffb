"""The running service: deadlines, limits, cache, writes, metrics, log; workers that die."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from clustergraph import artefacts
from clustergraph.protocol import preconditions

METRICS = {"Authorization": "Bearer metrics of the tests"}
TOKEN = "a secret of the tests"  # noqa: S105
ENDLESS = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(12)) + " }"
ALL = "SELECT * { ?s ?p ?o }"
UPDATE = {"Content-Type": "application/sparql-update", "Authorization": f"Bearer {TOKEN}"}


def eventually(holds: Callable[[], object], within_s: float = 15) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        pause.wait(0.02)


@pytest.fixture(scope="module")
def reading(serve: Any, small_store: Path) -> Any:
    """A service that reads, with a deadline of two seconds."""
    options = ("--workers", 2, "--query-timeout-s", 2, "--query-limit", 8)
    return serve("--store", small_store, *options)


@pytest.fixture
def base(reading: Any) -> str:
    """Its address."""
    return str(reading.base)


@pytest.fixture
def client(base: str) -> Iterator[httpx.Client]:
    """A client of the service that reads."""
    with httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service that writes logs."""
    return tmp_path_factory.mktemp("log") / "access.jsonl"


@pytest.fixture(scope="module")
def writable(serve: Any, tmp_path_factory: pytest.TempPathFactory, log: Path) -> Any:
    """A service over a new, empty store that takes writes."""
    store = tmp_path_factory.mktemp("stores") / "new"
    return serve("--store", store, "--bare", "--access-log", log, token=TOKEN)


@pytest.fixture
def writer(writable: Any) -> Iterator[httpx.Client]:
    """A client of the service that writes."""
    with httpx.Client(base_url=writable.base, trust_env=False, timeout=60) as client:
        yield client


def ask(client: httpx.Client, query: str = "ASK {}", **headers: str) -> httpx.Response:
    return client.get("/sparql", params={"query": query}, headers=headers)


def metric(client: httpx.Client, name: str) -> float:
    """Return the value of a metric, 0 if it is not there yet."""
    for line in client.get("/metrics", headers=METRICS).text.splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    return 0.0


# Time


def test_endless_query_is_504_in_time(client: httpx.Client) -> None:
    """A query that would run for ever ends soon after its deadline."""
    begin = time.monotonic()
    response = ask(client, ENDLESS)
    assert response.status_code == 504
    assert 1.9 <= time.monotonic() - begin < 4
    assert "time limit" in response.json()["detail"]


def test_request_may_set_a_shorter_deadline(client: httpx.Client) -> None:
    """?timeout= shortens the deadline, and cannot lengthen it."""
    begin = time.monotonic()
    response = client.get("/sparql", params={"query": ENDLESS, "timeout": "0.5"})
    assert response.status_code == 504
    assert time.monotonic() - begin < 1.9
    assert client.get("/sparql", params={"query": ENDLESS, "timeout": 500}).status_code == 504


def test_client_that_leaves_frees_its_worker(base: str, client: httpx.Client) -> None:
    """A query ends when nobody waits for its answer any more."""
    before = metric(client, 'clustergraph_workers_ended_total{reason="left"}')
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{base}/sparql", params={"query": ENDLESS}, trust_env=False, timeout=0.4)
    ended = 'clustergraph_workers_ended_total{reason="left"}'
    eventually(lambda: metric(client, ended) == before + 1)


def test_full_queue_is_503_at_once(base: str) -> None:
    """Who finds the queue full is told when to come again, and does not wait."""

    def one(number: int) -> tuple[int, str]:
        query = {"query": f"{ENDLESS} # {number}"}
        found = httpx.get(f"{base}/sparql", params=query, trust_env=False, timeout=30)
        return found.status_code, found.headers.get("retry-after", "")

    with ThreadPoolExecutor(30) as threads:
        results = set(threads.map(one, range(30)))
    assert {status for status, _ in results} <= {503, 504}
    assert (503, "1") in results
    eventually(lambda: httpx.get(f"{base}/sparql?query=ASK%7B%7D", trust_env=False).is_success)


# Workers


def workers_of(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    return [
        int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ]  # fmt: skip


def test_workers_killed_from_outside_are_replaced(serve: Any, small_store: Path) -> None:
    """When all idle workers are killed, others take their places and answer."""
    running = serve("--store", small_store, "--workers", 2)
    with httpx.Client(base_url=running.base, trust_env=False, timeout=30) as client:
        for _ in range(3):
            killed = workers_of(running.process.pid)
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            # A request that finds two in a row dying is refused, and told to come again: one that
            # takes workers down must not take them all. So let the service see that they are gone.
            eventually(lambda gone=killed: not set(gone) & set(workers_of(running.process.pid)))
            assert ask(client, f"ASK {{}} # {_}").status_code == 200
    assert running.stop() == 130


def test_workers_end_with_the_service(serve: Any, small_store: Path) -> None:
    """Kill -9 of the service leaves no worker behind."""
    running = serve("--store", small_store, "--workers", 1)
    pids = workers_of(running.process.pid)
    assert len(pids) >= 2
    running.process.kill()
    running.process.wait(10)
    eventually(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in pids))


def test_query_that_needs_too_much_memory(client: httpx.Client) -> None:
    """A query that explodes is refused with words, and its worker alone is lost."""
    text = "x" * 60_000
    doubled = "?x0"
    binds = f'BIND("{text}" AS ?x0)'
    for i in range(1, 18):
        binds += f" BIND(CONCAT({doubled}, {doubled}) AS ?x{i})"
        doubled = f"?x{i}"
    response = client.post(
        "/sparql",
        content=f"SELECT (STRLEN({doubled}) AS ?n) {{ {binds} }}",
        headers={"Content-Type": "application/sparql-query"},
    )
    assert response.status_code in (504, 507)
    assert ask(client).status_code == 200


# Cache and conditions


def test_repeated_query_has_the_same_etag_and_304(client: httpx.Client) -> None:
    """The ETag stands for the answer; whoever has it gets 304 and no body."""
    first = ask(client, ALL)
    again = ask(client, ALL)
    assert first.headers["etag"] == again.headers["etag"]
    assert first.content == again.content
    other = ask(client, ALL, Accept="text/csv")
    assert other.headers["etag"] != first.headers["etag"]
    for condition in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
        known = ask(client, ALL, **{"If-None-Match": condition})
        assert known.status_code == 304
        assert known.content == b""
        assert known.headers["etag"] == first.headers["etag"]
    assert ask(client, ALL, **{"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("function", ["RAND()", "NOW()", "UUID()", "STRUUID()", "BNODE()"])
def test_volatile_answers_are_not_kept(client: httpx.Client, function: str) -> None:
    """What differs each time has no ETag and is evaluated each time."""
    query = f"SELECT ({function} AS ?x) {{}}"
    answers = [ask(client, query) for _ in range(3)]
    assert all("etag" not in answer.headers for answer in answers)


def test_answers_are_compressed_when_asked(base: str) -> None:
    """Gzip is sent to who takes it, with an ETag of its own."""
    with httpx.Client(base_url=base, trust_env=False) as client:
        plain = ask(client, ALL, **{"Accept-Encoding": "identity"})
        none = ask(client, ALL, **{"Accept-Encoding": "gzip;q=0"})
        with client.stream("GET", "/sparql", params={"query": ALL}) as packed:
            raw = b"".join(packed.iter_raw())
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in none.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert gzip.decompress(raw) == plain.content


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, x-gzip;q=0.1", True),
        ("*", True),
        ("br;q=1, *;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip ; q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("*;q=0, gzip", True),
        ("br", False),
        ("", False),
    ],
)
def test_weights_of_codings(client: httpx.Client, accepted: str, packed: bool) -> None:
    """RFC 9110, 12.5.3: a coding's own weight counts, else that of the asterisk."""
    request = client.build_request("GET", "/sparql", params={"query": ALL})
    request.headers["Accept-Encoding"] = accepted
    coding = client.send(request).headers.get("content-encoding")
    assert coding == ("gzip" if packed else None)


@pytest.mark.parametrize(
    "path",
    ["/store", "/store?graph=https://w3id.org/clustergraph/graph/codes", "/.well-known/void",
     "/sparql", f"/sparql?query={ALL}", "/"],
)  # fmt: skip
def test_one_tag_for_each_form_of_an_answer(client: httpx.Client, path: str) -> None:
    """RFC 9110, 8.8.3: one ETag, strong, which another coding does not share; then 304."""
    tags = set()
    for coding in ("identity", "gzip"):
        for _ in range(2):  # from a worker, then from the cache
            found = client.get(path, headers={"Accept-Encoding": coding})
            assert found.status_code == 200
            [tag] = found.headers.get_list("etag")
            tags.add(tag)
        again = client.get(path, headers={"Accept-Encoding": coding, "If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers.get_list("etag") == [tag]
    assert len(tags) == 2, tags


def test_who_has_an_answer_is_told_so_without_one(serve: Any, small_store: Path) -> None:
    """Also where answers are not kept, for they are too long: no worker makes it once more."""
    running = serve("--store", small_store, "--cache-mb", 0)
    with httpx.Client(base_url=running.base, trust_env=False, timeout=30) as client:
        for path in ("/store", "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D"):
            tag = client.get(path).headers["etag"]
            again = client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert "Accept" in again.headers["vary"].split(", ")
            assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
        volatile = "/sparql?query=SELECT%20(NOW()%20AS%20?n)%20%7B%7D"
        assert "etag" not in client.get(volatile).headers


def test_another_version_has_other_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an upgrade nobody is told that the answer of the old program still holds."""

    def tag(version: str, committed_at: float = 1.5) -> str:
        monkeypatch.setattr(artefacts, "version", lambda: version)
        return preconditions.entity_tag(7, committed_at, b"key")

    assert tag("0.1.0") == tag("0.1.0")
    assert len({tag("0.1.0"), tag("0.2.0"), tag("0.1.0", 2.5)}) == 3
    assert tag("0.1.0").startswith('"7-')


def test_head_has_the_headers_of_get(client: httpx.Client) -> None:
    """HEAD tells length and ETag, whether the answer is in the cache or not."""
    query = {"query": ALL + " LIMIT 7"}
    cold = client.head("/sparql", params=query)
    full = client.get("/sparql", params=query)
    warm = client.head("/sparql", params=query)
    for name in ("content-type", "content-length", "etag"):
        assert cold.headers[name] == full.headers[name] == warm.headers[name]
    assert cold.content == warm.content == b""


def test_cross_origin_reads(client: httpx.Client) -> None:
    """Scripts of other origins may read, and learn so by OPTIONS."""
    preflight = client.options("/sparql", headers={"Origin": "https://example.org"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "GET" in preflight.headers["access-control-allow-methods"]
    assert ask(client).headers["access-control-allow-origin"] == "*"
    assert ask(client, "nonsense").headers["access-control-allow-origin"] == "*"


# Writing


def update(client: httpx.Client, text: str, **headers: str) -> httpx.Response:
    return client.post("/update", content=text, headers={**UPDATE, **headers})


def count(client: httpx.Client, pattern: str = "?s ?p ?o") -> int:
    query = f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}"
    return int(ask(client, query).json()["results"]["bindings"][0]["n"]["value"])


def test_writers_read_what_they_wrote(writer: httpx.Client) -> None:
    """An acknowledged update is in the next answer, and changes the ETag."""
    before = ask(writer, ALL).headers["etag"]
    for i in range(5):
        assert update(writer, f"INSERT DATA {{ <x:a> <x:written> {i} }}").status_code == 204
        assert count(writer, "<x:a> <x:written> ?x") == i + 1
    assert ask(writer, ALL).headers["etag"] != before


def test_of_concurrent_writes_none_is_lost(writable: Any, writer: httpx.Client) -> None:
    """Each write is a generation; reads go on without a failure meanwhile."""
    first = writer.get("/health").json()["generation"]
    done = threading.Event()

    def write(i: int) -> int:
        with httpx.Client(base_url=writable.base, trust_env=False, timeout=60) as client:
            return update(client, f"INSERT DATA {{ <x:g{i}> <x:grouped> {i} }}").status_code

    def read() -> set[int]:
        statuses = set()
        with httpx.Client(base_url=writable.base, trust_env=False, timeout=60) as client:
            n = 0
            while not done.is_set():
                n += 1
                statuses.add(ask(client, f"ASK {{ <x:s> <x:p> {n} }}").status_code)
        return statuses

    with ThreadPoolExecutor(25) as threads:
        reads = [threads.submit(read) for _ in range(2)]
        statuses = list(threads.map(write, range(20)))
        done.set()
        assert [future.result() for future in reads] == [{200}, {200}]
    assert statuses == [204] * 20
    assert count(writer, "?s <x:grouped> ?o") == 20
    assert writer.get("/health").json()["generation"] - first == 20


def test_of_concurrent_conditional_writes_one_succeeds(writable: Any, writer: httpx.Client) -> None:
    """RFC 9110 13.1.1: behind another change the tag that was read fits no more."""
    graph = {"graph": "http://example.org/raced"}
    turtle = {"Content-Type": "text/turtle", "Authorization": f"Bearer {TOKEN}"}
    created = writer.put("/store", params=graph, content="<x:s> <x:n> 0 .", headers=turtle)
    assert created.status_code == 201, created.text
    tag = writer.get("/store", params=graph, headers={"Accept": "text/turtle"}).headers["etag"]

    def write(i: int) -> int:
        headers = {**turtle, "If-Match": tag}
        with httpx.Client(base_url=writable.base, trust_env=False, timeout=60) as client:
            content = f"<x:s> <x:n> {i} ."
            return client.put("/store", params=graph, content=content, headers=headers).status_code

    with ThreadPoolExecutor(10) as threads:
        statuses = sorted(threads.map(write, range(1, 11)))
    assert statuses == [204] + [412] * 9
    assert writer.delete("/store", params=graph, headers=turtle).status_code == 204


def test_one_bad_update_does_not_spoil_the_others(writable: Any, writer: httpx.Client) -> None:
    """Of updates that wait together, the wrong one is refused and the rest is done."""
    texts = [f"INSERT DATA {{ <x:m{i}> <x:mixed> {i} }}" for i in range(8)]
    texts[3] = "INSERT DATA { <x:a> <x:b }"
    texts[5] = "CLEAR GRAPH <x:there-is-none>"

    def write(text: str) -> int:
        with httpx.Client(base_url=writable.base, trust_env=False, timeout=60) as client:
            return update(client, text).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(write, texts))
    assert statuses[3] == 400
    assert statuses.count(204) >= 6
    assert count(writer, "?s <x:mixed> ?o") == 6


def test_upload_larger_than_a_frame(writer: httpx.Client) -> None:
    """A long upload travels by a file and arrives whole."""
    lines = "".join(f'<x:s{i}> <x:p> "{"v" * 50} {i}" .\n' for i in range(20_000))
    headers = {"Content-Type": "application/n-triples", "Authorization": UPDATE["Authorization"]}
    address = "/store?graph=http://example.org/large"
    response = writer.put(address, content=lines, headers=headers)
    assert response.status_code == 201
    dumped = writer.get(address, headers={"Accept": "application/n-triples"})
    assert sorted(dumped.text.splitlines()) == sorted(lines.splitlines())
    assert writer.delete(address, headers=headers).is_success


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", 401),
        ("Bearer wrong", 401),
        ("Bearer", 401),
        ("Basic YTpi", 401),
        (f"bearer {TOKEN}", 204),
    ],
)
def test_writes_need_the_token(writer: httpx.Client, authorization: str, status: int) -> None:
    """Only the token opens the graph; the refusal says how to present it."""
    headers = {"Content-Type": "application/sparql-update"}
    if authorization:
        headers["Authorization"] = authorization
    response = writer.post("/update", content="INSERT DATA {}", headers=headers)
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Bearer ")


def test_writer_that_dies_fails_its_request_alone(writable: Any, writer: httpx.Client) -> None:
    """A text that takes the writing process down is a 5xx or refused; the next write works."""
    deep = "(" * 90_000
    statuses = {update(writer, f"INSERT {{}} WHERE {{ FILTER({deep}").status_code}
    nested = "[ <x:p> " * 30_000 + "1" + " ]" * 30_000 + " ."
    headers = {"Content-Type": "text/turtle", "Authorization": UPDATE["Authorization"]}
    address = "/store?graph=http://example.org/deep"
    statuses.add(writer.put(address, content=nested, headers=headers).status_code)
    assert 500 not in statuses
    assert update(writer, "INSERT DATA { <x:after> <x:p> 1 }").status_code == 204
    assert writable.process.poll() is None


def test_without_a_store_it_is_read_only(client: httpx.Client) -> None:
    """Without a token nobody may write, and the refusal says why."""
    response = update(client, "INSERT DATA {}")
    assert response.status_code == 403
    assert "token" in response.json()["detail"]


def test_full_disk(serve: Any, tmp_path: Path) -> None:
    """Where the disk is full, writes are 507 and reads go on; with room again, no restart."""
    disk = tmp_path / "disk"
    disk.mkdir()
    alone = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=48m tmpfs '{disk}'"
    if (
        shutil.which("unshare") is None
        or subprocess.run([*alone, mount], check=False, capture_output=True).returncode
    ):
        pytest.skip("a small file system cannot be mounted here: neither root nor user namespaces")
    within = [*alone, f'{mount} && exec "$@"', "sh"]
    store = ("--store", disk / "store", "--bare", "--workers", 1)
    running = serve(*store, "--no-validate-writes", "--no-inference", token=TOKEN, within=within)
    seen = Path(f"/proc/{running.process.pid}/root{disk}")
    with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
        assert update(client, "INSERT DATA { <x:a> <x:b> 1 }").status_code == 204
        state = os.statvfs(seen)
        (seen / "filler").write_bytes(b"x" * (state.f_bavail * state.f_frsize - (60 << 10)))
        long = "".join(f"<x:{i}> <x:b> '{i:0500}' ." for i in range(2000))
        upload = {"Content-Type": "text/turtle", "Authorization": f"Bearer {TOKEN}"}
        for refused in (
            update(client, "INSERT DATA { <x:a> <x:b> 2 }"),
            client.put("/store?graph=x:g", content=long, headers=upload),
        ):
            assert refused.status_code == 507, refused.text
            assert "make room" in refused.json()["detail"].lower()
        assert count(client) == 1
        (seen / "filler").unlink()
        assert client.put("/store?graph=x:g", content=long, headers=upload).status_code == 201
        assert count(client) == 2001


# What operators see


def test_metrics_count_what_happens(client: httpx.Client) -> None:
    """Requests by operation and status, query times, workers, cache and generation."""
    name = 'clustergraph_requests_total{operation="query",status="200"}'
    before = metric(client, name)
    ask(client)
    assert metric(client, name) == before + 1
    text = client.get("/metrics", headers=METRICS).text
    for metric_name in (
        "query_seconds_bucket", "workers", "queue", "generation", "cache_bytes",
        "workers_ended_total",
    ):  # fmt: skip
        assert f"# HELP clustergraph_{metric_name.removesuffix('_bucket')} " in text
    assert metric(client, "clustergraph_generation") == 1


SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>[^{}]*)\})? (?P<value>\S+)")
LABEL = re.compile(r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"')


def test_metrics_are_well_formed(client: httpx.Client) -> None:
    """Prometheus text format 0.0.4: families described once, samples together, buckets that add."""
    ask(client)
    answer = client.get("/metrics", headers=METRICS)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    kinds: dict[str, str] = {}
    helped: set[str] = set()
    samples: dict[tuple[str, str], float] = {}
    family = ""
    for line in answer.text.splitlines():
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            if word == "HELP":
                assert name not in helped, f"{name} is described twice"
                helped.add(name)
            else:
                assert word == "TYPE"
                assert name not in kinds
                assert rest in ("counter", "gauge", "histogram")
                kinds[name], family = rest, name
            continue
        found = SAMPLE.fullmatch(line)
        assert found, line
        suffix = found["name"].removeprefix(family)
        assert suffix in (("_bucket", "_sum", "_count") if kinds[family] == "histogram" else ("",))
        labels = found["labels"] or ""
        assert not labels or ",".join(LABEL.findall(labels)) == labels, line
        key = (found["name"], labels)
        assert key not in samples, f"{key} is told twice"
        samples[key] = float(found["value"])
    assert helped == set(kinds)
    assert all(name.endswith("_total") for name, kind in kinds.items() if kind == "counter")
    [histogram] = [name for name, kind in kinds.items() if kind == "histogram"]
    buckets = [value for (name, _), value in samples.items() if name == f"{histogram}_bucket"]
    assert buckets == sorted(buckets)
    assert (
        buckets[-1]
        == samples[f"{histogram}_count", ""]
        == samples[f"{histogram}_bucket", 'le="+Inf"']
    )
    assert buckets[-1] >= 1


def test_behind_a_proxy_on_the_same_machine(writer: httpx.Client, log: Path) -> None:
    """Addresses are those that the proxy's clients use, and the log has who asked the proxy."""
    forwarded = {
        "Host": "data.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9",
        "Authorization": f"Bearer {TOKEN}", "Content-Type": "text/turtle",
    }  # fmt: skip
    made = writer.put("/store/behind-a-proxy", content="<x:a> <x:b> 1 .", headers=forwarded)
    assert made.headers["location"] == "https://data.example.org/store/behind-a-proxy"
    assert writer.delete("/store/behind-a-proxy", headers=forwarded).status_code == 204
    for _ in range(3):  # the third time the short way
        assert ask(writer, "ASK { <x:proxied> ?p ?o }", **forwarded).status_code == 200

    def clients() -> list[str]:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return [line["client"] for line in lines]

    eventually(lambda: clients().count("203.0.113.9") >= 5)


def test_log_has_a_line_a_request_without_its_query(writer: httpx.Client, log: Path) -> None:
    """Each line is JSON with status and time; what was asked is nobody's business."""
    ask(writer, 'SELECT ("only for me" AS ?x) {}')

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in log.read_text().splitlines()]

    eventually(lambda: any(line["path"] == "/sparql" for line in lines()))
    line = next(line for line in lines() if line["path"] == "/sparql")
    assert line["method"] == "GET"
    assert line["status"] == 200
    assert line["seconds"] > 0
    assert "only for me" not in log.read_text()


def test_health_and_readiness(client: httpx.Client) -> None:
    """Both say so when the service can answer."""
    for address in ("/health", "/ready"):
        assert client.get(address).json()["status"] == "ok"
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405


def test_workers_have_no_network(reading: Any) -> None:
    """At its start the service says which wall stands between workers and network."""
    eventually(lambda: any("workers" in line for line in reading.said))
    assert "restricted by: " in "".join(reading.said)
    pid = workers_of(reading.process.pid)[0]
    own = Path(f"/proc/{pid}/ns/net").readlink()
    mine = Path("/proc/self/ns/net").readlink()
    assert (own != mine) == ("network namespace" in "".join(reading.said))


def test_what_others_publish_is_served(writable: Any, writer: httpx.Client) -> None:
    """A generation that the command line publishes is served before long."""
    from clustergraph.quadstore.generations import Generations

    store = Path(writable.store)
    Generations(store).commit(
        lambda copy, _: copy.update("INSERT DATA { <x:other> <x:published> 1 }")
    )
    eventually(lambda: count(writer, "?s <x:published> ?o") == 1)
    assert update(writer, "INSERT DATA { <x:mine> <x:published> 2 }").status_code == 204
    assert count(writer, "?s <x:published> ?o") == 2
