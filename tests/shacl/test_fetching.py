"""What validation fetches when told to, from a server of the test's own, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clustergraph.cli import main
from clustergraph.errors import UnreadableInputError
from clustergraph.shacl.fetching import Outside
from clustergraph.sparql.addresses import objection

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ex: <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
SHAPES = """ex:Firm a sh:NodeShape ; sh:targetClass ex:Company ; sh:property ex:Firm-label .
ex:Firm-label sh:path rdfs:label ; sh:minCount 1 .
"""
STARTUP = PREFIXES + "ex:Startup rdfs:subClassOf ex:Company . ex:other a ex:Company ."


class Site:
    """A server: what it answers by path, and what it was asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.held = threading.Event()
        """Set at the end of the test: until then ``/slow`` sends nothing more."""

    def put(self, path: str, text: str, kind: str = "text/turtle", **headers: str) -> str:
        """Serve a text, in which ``{url}`` stands for the server; return its address."""
        content = text.replace("{url}", self.url).encode()
        self.answers[path] = (200, {"Content-Type": kind} | headers, content)
        return self.url + path

    def redirect(self, path: str, target: str) -> str:
        """Let an address lead to another."""
        self.answers[path] = (302, {"Location": target}, b"")
        return self.url + path


@pytest.fixture
def site() -> Iterator[Site]:
    """A server on the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            status, headers, content = made.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.path == "/slow":
                self.wfile.flush()
                made.held.wait()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.held.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Ran(NamedTuple):
    """What a run came to."""

    code: int
    out: str
    err: str

    @property
    def focus(self) -> set[str]:
        """The last parts of the focus nodes of a JSON report."""
        return {one["focus"].rpartition("/")[2] for one in json.loads(self.out)["findings"]}


Run = Callable[..., Ran]


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, site: Site
) -> Run:
    """What validates files of these texts, in which ``{url}`` stands for the server."""
    monkeypatch.chdir(tmp_path)

    def call(files: dict[str, str], *arguments: str, fetch: str | None = "/*") -> Ran:
        for name, text in {"shapes.ttl": PREFIXES + SHAPES, **files}.items():
            Path(name).write_text(text.replace("{url}", site.url), encoding="utf-8")
        data = [name for name in files if name != "shapes.ttl"]
        given = [] if fetch is None else ["--fetch", site.url + fetch]
        with pytest.raises(SystemExit) as caught:
            main(["validate", *data, "--shapes", "shapes.ttl", *given, *arguments])
        out, err = capsys.readouterr()
        return Ran(int(caught.value.code or 0), out, err)

    return call


IMPORTING = PREFIXES + "<> owl:imports <{url}/firms.ttl#x> .\nex:a a ex:Startup .\n"


def test_imports_of_data_count_and_are_not_judged(run: Run, site: Site) -> None:
    """A class of an imported ontology counts; a firm that it describes is not ours to mend."""
    site.put("/firms.ttl", STARTUP)
    ran = run({"a.ttl": IMPORTING}, "--format", "json")
    assert (ran.code, ran.focus, ran.err) == (1, {"a"}, "")
    assert site.asked == ["/firms.ttl"]


def test_nothing_is_fetched_without_the_option(run: Run, site: Site) -> None:
    """Without --fetch nobody is asked, with another address nobody either, and that is told."""
    site.put("/firms.ttl", STARTUP)
    assert run({"a.ttl": IMPORTING}, fetch=None)[::2] == (0, "")
    ran = run({"a.ttl": IMPORTING}, fetch="/elsewhere/*")
    assert ran.code == 0
    assert ran.err == (
        f"clustergraph: a.ttl:5:16: owl:imports <{site.url}/firms.ttl#x> is not fetched: "
        "no --fetch names it\n"
    )
    assert run({"a.ttl": IMPORTING}, "--quiet", fetch="/elsewhere/*") == Ran(0, "", "")
    assert site.asked == []


def test_cycles_of_imports(run: Run, site: Site) -> None:
    """Documents that import each other, and themselves, are read once each."""
    site.put("/firms.ttl", "<> <http://www.w3.org/2002/07/owl#imports> <more>, <>, <firms.ttl> .")
    site.put("/more", STARTUP + "<> owl:imports <firms.ttl> , <more> .", kind="text/turtle;x=y")
    ran = run({"a.ttl": IMPORTING}, "--format", "json")
    assert (ran.code, ran.focus) == (1, {"a"})
    assert site.asked == ["/firms.ttl", "/more"]


def test_what_is_at_hand_is_not_fetched(run: Run, site: Site) -> None:
    """An ontology that another file declares is not asked for."""
    local = PREFIXES + "<{url}/firms.ttl> a owl:Ontology . ex:Startup rdfs:subClassOf ex:Company ."
    ran = run({"a.ttl": IMPORTING, "b.ttl": local}, "--format", "json")
    assert ran.focus == {"a"}
    assert site.asked == []


@pytest.mark.parametrize(
    ("path", "kind", "text"),
    [
        ("/firms.ttl", "text/plain", STARTUP),
        ("/firms.ttl", "application/octet-stream", STARTUP),
        ("/firms.ttl", "application/ld+json", '{"@context": {"@vocab": "{url}/v#"}, '
         '"@id": "{url}/n", "@graph": [{"@id": "http://example.org/Startup", "http://www.w3.org/'
         '2000/01/rdf-schema#subClassOf": {"@id": "http://example.org/Company"}}]}'),
    ],
)  # fmt: skip
def test_formats(run: Run, site: Site, path: str, kind: str, text: str) -> None:
    """The media type says what a document is, its ending where servers give a vague one."""
    site.put(path, text, kind=kind)
    assert run({"a.ttl": IMPORTING}, "--format", "json").focus == {"a"}


def test_imports_of_shapes(run: Run, site: Site) -> None:
    """Shapes may consist of nothing but what they import."""
    site.put("/all.ttl", PREFIXES + SHAPES)
    site.redirect("/shapes", "/all.ttl")
    shapes = PREFIXES + "<> owl:imports <{url}/shapes> ."
    data = PREFIXES + "ex:a a ex:Company ."
    ran = run({"a.ttl": data, "shapes.ttl": shapes}, "--format", "json")
    assert ran.focus == {"a"}
    ran = run({"a.ttl": data, "shapes.ttl": shapes}, fetch=None)
    assert ran.code == 2
    assert "holds no SHACL shapes" in ran.err


def test_imports_before_and_after_a_change(run: Run, site: Site) -> None:
    """With --changed-since both states are judged with what they import, fetched once."""
    site.put("/firms.ttl", STARTUP)
    assert run({"a.ttl": IMPORTING}).code == 1
    me = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "."), (*me, "commit", "-qm", "start")):
        subprocess.run(["git", *words], check=True, capture_output=True)
    site.asked.clear()
    changed = IMPORTING + "ex:b a ex:Startup ."
    ran = run({"a.ttl": changed}, "--changed-since", "HEAD", "--format", "json")
    assert ran.focus == {"b"}
    assert site.asked == ["/firms.ttl"]


def test_imported_shapes_are_listed(run: Run, site: Site) -> None:
    """Shapes that the given ones import can be chosen, and are listed with their address."""
    more = "ex:Aged a sh:NodeShape ; sh:targetClass ex:Company ; sh:property [ sh:path ex:age ;\n"
    site.put("/more.ttl", PREFIXES + more + "sh:minCount 1 ] .")
    shapes = PREFIXES + SHAPES + "<> owl:imports <{url}/more.ttl> ."
    files = {"a.ttl": PREFIXES + "ex:a a ex:Company .", "shapes.ttl": shapes}
    assert len(json.loads(run(files, "--format", "json").out)["findings"]) == 2
    chosen = json.loads(run(files, "--format", "json", "--shape", "Aged").out)["findings"]
    assert [one["path"] for one in chosen] == ["<http://example.org/age>"]
    listed = run(files, "--list-shapes").out
    assert f"http://example.org/Aged        violation  {site.url}/more.ttl" in listed


def test_data_do_not_choose_shapes(run: Run, site: Site) -> None:
    """A shapes graph that data name is not fetched."""
    site.put("/more.ttl", PREFIXES + SHAPES)
    ran = run({"a.ttl": PREFIXES + "<> sh:shapesGraph <{url}/more.ttl> ."})
    assert (ran.code, site.asked) == (0, [])


def test_contexts_are_not_fetched(run: Run, site: Site) -> None:
    """A JSON-LD context at an address is refused, also where --fetch names it."""
    site.put("/c", '{"@context": {}}', kind="application/ld+json")
    ran = run({"a.jsonld": '{"@context": "{url}/c", "@id": "a"}'})
    assert ran.code == 2
    assert "its @context is an address, and contexts are not fetched" in ran.err
    assert site.asked == []


FAULTS: dict[str, tuple[str, str]] = {
    "absent": ("/nowhere", "cannot be fetched (HTTP Error 404: Not Found)"),
    "beyond": ("/beyond", "redirects to <http://127.0.0.1:9/x>, which is not among the addresses"),
    "to a file": ("/file", "cannot be fetched (HTTP Error 302"),
    "for ever": ("/loop", "would lead to an infinite loop"),
    "upwards": ("/a/../firms.ttl", "leads up and down"),
    "no RDF": ("/page", "is no RDF (the server says text/html)"),
    "broken": ("/broken.ttl", "cannot be read: {url}/broken.ttl:1:"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("form", ["text", "github"])
def test_what_cannot_be_had(run: Run, site: Site, fault: str, form: str) -> None:
    """A document that may be fetched and cannot be had is told with the place that names it."""
    path, words = FAULTS[fault]
    site.redirect("/beyond", "http://127.0.0.1:9/x")
    site.redirect("/file", "file:///etc/passwd")
    site.redirect("/loop", "/loop")
    site.put("/page", "<html/>", kind="text/html")
    site.put("/broken.ttl", "no turtle")
    ran = run({"a.ttl": IMPORTING.replace("/firms.ttl#x", path)}, "--format", form)
    assert ran.code == 2
    assert f"a.ttl:5:16: owl:imports <{site.url}{path}> " in ran.err
    assert words.replace("{url}", site.url) in ran.err
    assert "Traceback" not in ran.err
    if form == "github":
        assert ran.out.startswith("::error file=a.ttl,")
        assert "line=5,col=16::" in ran.out


def test_limits(site: Site) -> None:
    """Time, length and number of what is fetched have bounds."""
    site.put("/slow", STARTUP)
    outside = Outside([site.url + "/*"], timeout_s=0.2)
    with pytest.raises(UnreadableInputError, match=r"no whole answer within 0\.2 s"):
        outside.get(site.url + "/slow")
    site.put("/long", "#" * 600)
    outside = Outside([site.url + "/*"], max_bytes=1000)
    assert len(outside.get(site.url + "/long").content) == 600
    site.put("/longer", "#" * 600)
    with pytest.raises(UnreadableInputError, match="is too long"):
        outside.get(site.url + "/longer")
    outside = Outside([site.url + "/*"], max_documents=1)
    for _ in range(2):
        outside.get(site.url + "/long")
    with pytest.raises(UnreadableInputError, match="1 documents are the most"):
        outside.get(site.url + "/longer")


def test_what_comes_with_a_redirect_is_not_read(site: Site) -> None:
    """A redirect is followed at once, whatever its server sends beside it, or keeps back."""
    site.put("/firms.ttl", STARTUP)
    site.answers["/slow"] = (302, {"Location": "/firms.ttl"}, b"more to come")
    document = Outside([site.url + "/*"], timeout_s=5).get(site.url + "/slow")
    assert document.address == site.url + "/firms.ttl"
    assert document.content == STARTUP.encode()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("https://example.org*", "name the whole host"),
        ("example.org", "is neither http nor https"),
        ("file:///tmp/*", "is neither http nor https"),
        ("https://user@example.org/*", "holds a user name"),
        ("*", "name the whole host"),
    ],
)
def test_entries_that_admit_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entry: str, words: str
) -> None:
    """An address that can admit nothing is wrong usage."""
    with pytest.raises(SystemExit) as caught:
        main(["validate", str(tmp_path / "a.ttl"), "--fetch", entry])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert f"--fetch {entry} admits nothing" in told
    assert words in told


def test_only_named_addresses_may_be_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local host may be named as such; a public name that leads to one is refused."""
    found = [(2, 1, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    for address in ("http://127.0.0.1:8000/x", "http://localhost/x", "http://wiki.lan/x"):
        assert objection(address, resolve=True)
        assert objection(address, resolve=True, local=True) is None
    assert objection("http://firms.example.org/x", local=True) is None
    assert "private network" in str(
        objection("http://firms.example.org/x", resolve=True, local=True)
    )
    outside = Outside(["http://firms.example.org/*"])
    with pytest.raises(UnreadableInputError, match="private network"):
        outside.get("http://firms.example.org/x")
