"""Crawlers: whoever starts at the front door or at the description of the data finds everything.

One reads pages as browsers do, the other data as linked-data clients do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

import httpx
import pyoxigraph as ox
import pytest

from clustergraph.pages.addresses import local
from clustergraph.quadstore import Engine

BASE = "https://w3id.org/clustergraph/"


class Links(HTMLParser):
    """The links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a tag leads."""
        about = dict(attrs)
        if tag in ("a", "link", "script", "img"):
            target = about.get("href") or about.get("src")
            if target and "nofollow" not in (about.get("rel") or ""):
                self.found.append(target)


def things_of(engine: Engine) -> set[str]:
    return {quad.subject.value for quad in engine.store if isinstance(quad.subject, ox.NamedNode)}


def described_at(address: str) -> str:
    """Return the IRI of the thing that a local address describes."""
    parts = urlsplit(address)
    if parts.path == "/resource":
        return parse_qs(parts.query)["iri"][0]
    path = unquote(parts.path)
    if path.startswith("/doc/"):
        return BASE + "id/" + path.removeprefix("/doc/")
    if path.startswith("/ns/"):
        return BASE + "ns#" + path.removeprefix("/ns/")
    return BASE + path[1:]


def by_pages(
    client: httpx.Client, start: str, without: tuple[str, ...] = ()
) -> tuple[set[str], list[str]]:
    """Follow the links of pages; return the things whose pages were there, and broken links."""

    def read(answer: httpx.Response) -> Iterable[str]:
        if answer.headers["content-type"].startswith("text/html"):
            return Links(answer.text).found
        return ()

    return crawl(client, start, "text/html,*/*;q=0.1", without, read)


def by_data(
    client: httpx.Client, start: str, without: tuple[str, ...] = ()
) -> tuple[set[str], list[str]]:
    """Follow the IRIs of data; ours lead to this host, as they do once they are registered."""

    def read(answer: httpx.Response) -> Iterator[str]:
        kind = answer.headers["content-type"].partition(";")[0]
        if kind != "text/turtle":
            return
        for quad in ox.parse(answer.content, ox.RdfFormat.TURTLE):
            for term in (quad.subject, quad.object):
                if isinstance(term, ox.NamedNode):
                    iri = term.value
                    yield local(iri) if iri.startswith(BASE) else iri

    return crawl(client, start, "text/turtle", without, read)


def crawl(
    client: httpx.Client,
    start: str,
    accept: str,
    without: tuple[str, ...],
    read: Callable[[httpx.Response], Iterable[str]],
) -> tuple[set[str], list[str]]:
    home = str(client.base_url).rstrip("/")
    rules = client.get("/robots.txt").text.splitlines()
    forbidden = tuple(line.split()[1] for line in rules if line.startswith("Disallow:"))
    forbidden += without
    waiting, seen = deque([start]), {start}
    found: set[str] = set()
    broken: list[str] = []
    while waiting:
        address = waiting.popleft()
        answer = client.get(address, headers={"Accept": accept})
        while answer.is_redirect:
            there = urldefrag(answer.headers["location"]).url
            path = there.removeprefix(home)
            if path == there or path in seen:
                break  # to a vocabulary of others, or to what is read anyway
            seen.add(path)
            answer = client.get(there, headers={"Accept": accept})
        if answer.is_redirect:
            continue
        if answer.status_code != 200:
            broken.append(f"{address}: {answer.status_code}")
            continue
        found.add(described_at(address))
        for target in read(answer):
            whole = urldefrag(urljoin(str(answer.url), target)).url
            if not whole.startswith(home + "/"):
                continue
            path = whole.removeprefix(home)
            if path not in seen and not path.startswith(forbidden):
                seen.add(path)
                waiting.append(path)
    print(f"{start}: {len(found)} documents read, {len(seen)} addresses, {len(broken)} broken")
    return found, broken


def withdrawn(engine: Engine) -> set[str]:
    deprecated = ox.NamedNode("http://www.w3.org/2002/07/owl#deprecated")
    return {
        quad.subject.value
        for quad in engine.store.quads_for_pattern(None, deprecated, None)
        if isinstance(quad.subject, ox.NamedNode)
    }


def missed(engine: Engine, found: set[str]) -> list[str]:
    """Return the things that were not found; one with a fragment is found with its document."""
    things = things_of(engine) - found - withdrawn(engine)
    return sorted(iri for iri in things if urldefrag(iri).url not in found)


@pytest.mark.parametrize(
    ("follow", "start"),
    [pytest.param(by_pages, "/", marks=pytest.mark.full), (by_data, "/.well-known/void")],
)
def test_everything_is_found(site: httpx.Client, world: Engine, follow: Any, start: str) -> None:
    """Each thing of the graph is reached, and no link of ours is broken."""
    # Pages that are made from the shipped vocabulary and questions, whatever the graph holds, take
    # long and name what the small one lacks; the crawl of the shipped graph looks at them.
    without = ("/queries/", "/country/", "/region", "/compare", "/policy", "/ns", "/ontology")
    found, broken = follow(site, start, without if follow is by_pages else ())
    # The documents of the shipped ontology name code lists that the small graph does not have.
    broken = [one for one in broken if not one.startswith("/code/")]
    gone = withdrawn(world)
    assert [iri for iri in missed(world, found) if "/ns#" not in iri or follow is by_data] == []
    assert set(broken) <= {f"{local(iri)}: 410" for iri in gone}


@pytest.mark.full
@pytest.mark.parametrize(("follow", "start"), [(by_pages, "/"), (by_data, "/.well-known/void")])
def test_everything_shipped_is_found(serve: Any, shipped: Engine, follow: Any, start: str) -> None:
    """So it is with the shipped graph; ``-rP`` shows how many."""
    running = serve("--store", shipped.directory)
    with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
        found, broken = follow(client, start)
    things = things_of(shipped)
    print(f"{len(things)} things, {len(things & found)} with a document of their own")
    assert (missed(shipped, found), broken) == ([], [])
