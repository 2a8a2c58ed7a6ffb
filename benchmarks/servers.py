"""The servers that are compared: started on loopback, asked, watched, ended."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = [
    "QUIET",
    "Answer",
    "Server",
    "clustergraph",
    "oxigraph",
    "peer_python",
    "rdflib_endpoint",
]

START_S = 60
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status; 0: none came.
        body: as much of it as came.
        whole: whether all of it came.
        seconds: from the request to the end of the answer.
    """

    status: int
    body: bytes
    whole: bool
    seconds: float


@dataclass(slots=True)
class Server:
    """A server under way.

    Attributes:
        name: what to call it.
        port: on 127.0.0.1.
        path: of its SPARQL endpoint.
        process: its first process.
    """

    name: str
    port: int
    path: str
    process: subprocess.Popen[bytes]

    def ask(self, query: str, accept: str, timeout_s: float = 300) -> Answer:
        """Send one query and read the answer to its end, or to where it breaks off."""
        started = time.perf_counter()
        status, body, whole = 0, bytearray(), False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            headers = {"Accept": accept, "Content-Type": "application/sparql-query"}
            connection.request("POST", self.path, query.encode(), headers)
            response = connection.getresponse()
            status = response.status
            while chunk := response.read1(1 << 18):
                body += chunk
            # None: chunks, whose end is marked; else how many bytes are still missing.
            whole = not response.length
        except (OSError, http.client.HTTPException):
            whole = False
        finally:
            connection.close()
        return Answer(status, bytes(body), whole, time.perf_counter() - started)

    def update(self, text: str, token: str) -> float:
        """Send an update; return after how many seconds it was acknowledged."""
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Content-Type": "application/sparql-update", "Authorization": f"Bearer {token}"}
        connection.request("POST", "/update", text.encode(), headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        assert response.status in (200, 204), response.status
        return time.perf_counter() - started

    @contextmanager
    def asking(self, queries: Sequence[str]) -> Iterator[None]:
        """Have queries under way for as long as the block lasts; then leave without an answer."""
        opened = []
        try:
            for query in queries:
                connection = socket.create_connection(("127.0.0.1", self.port))
                body = query.encode()
                connection.sendall(
                    b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/csv\r\n"
                    b"Content-Type: application/sparql-query\r\nContent-Length: %d\r\n\r\n%s"
                    % (self.path.encode(), len(body), body)
                )
                opened.append(connection)
            yield
        finally:
            for connection in opened:
                connection.close()

    def processes(self) -> list[int]:
        """Return the ids of the server's process and of all below it."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    stat = (entry / "stat").read_text().rpartition(")")[2].split()
                    children.setdefault(int(stat[1]), []).append(int(entry.name))
        found = [self.process.pid]
        for process in found:
            found += children.get(process, [])
        return found

    def cpu_s(self) -> float:
        """Return the processor time that all processes have used, ended ones too, in seconds."""
        ticks = 0
        for process in self.processes():
            with suppress(OSError):
                stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(int(field) for field in stat[11:15])
        return ticks / TICKS

    def memory_mb(self) -> float:
        """Return the memory of all processes, shared pages counted once."""
        kilobytes = 0
        for process in self.processes():
            with suppress(OSError):
                text = Path(f"/proc/{process}/smaps_rollup").read_text()
                kilobytes += sum(int(n) for n in re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE))
        return kilobytes / 1024

    def resident_mb(self) -> float:
        """Return the resident memory of the serving process alone."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * PAGE / (1 << 20)

    def peak_mb(self) -> float:
        """Return the most resident memory that the serving process had since `forget_peak`."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024

    def forget_peak(self) -> None:
        """Let the peak start at what is resident now."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def clustergraph(store: Path | None, *options: str, cache: str | None = None) -> Iterator[Server]:
    """Run our own service over a store, or over the shipped graph with a cache of its own.

    Over a store it works nothing out ahead, which would go on while it is measured.
    """
    command = [sys.executable, "-m", "clustergraph", "serve"]
    if store is not None:
        command += ["--no-prepare", "--store", str(store)]
    if cache is not None:
        command = ["env", f"CLUSTERGRAPH_CACHE={cache}", *command]
    yield from _run("clustergraph", [*command, *options], "/sparql")


@contextmanager
def oxigraph(database: Path) -> Iterator[Server]:
    """Run the native Oxigraph server over the directory of a generation."""
    path = shutil.which("oxigraph", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if path is None:
        raise FileNotFoundError("oxigraph is not installed: pip install oxigraph")
    command = [path, "serve-read-only", "--location", str(database), "--union-default-graph"]
    yield from _run("oxigraph", command, "/query")


@contextmanager
def rdflib_endpoint(python: Path, file: Path, start_s: float = 600) -> Iterator[Server]:
    """Run rdflib-endpoint, which reads a file into memory."""
    command = [str(python.with_name("rdflib-endpoint")), "serve", "--host", "127.0.0.1"]
    yield from _run("rdflib-endpoint", [*command, str(file)], "/", start_s)


def peer_python(directory: Path) -> Path:
    """Return the interpreter of an environment with rdflib-endpoint, made where it is missing.

    Raises:
        subprocess.CalledProcessError: it cannot be installed.
    """
    python = directory / "bin" / "python"
    if not python.with_name("rdflib-endpoint").exists():
        venv.create(directory, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "rdflib-endpoint", "uvicorn"]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    return python


def _run(name: str, command: list[str], path: str, start_s: float = START_S) -> Iterator[Server]:
    port = free_port()
    where = ["--bind", f"127.0.0.1:{port}"] if name == "oxigraph" else ["--port", str(port)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([*command, *where], stdout=subprocess.DEVNULL, stderr=said)
        server = Server(name, port, path, process)
        try:
            _await(server, start_s, said)
            yield server
        finally:
            server.stop()


def _await(server: Server, start_s: float, said: IO[bytes]) -> None:
    until = time.monotonic() + start_s
    while time.monotonic() < until:
        if server.process.poll() is not None:
            said.seek(0)
            words = said.read()[-2000:].decode()
            raise ChildProcessError(f"{server.name} ended: {words}")
        if server.ask("ASK {}", "application/sparql-results+json", 10).status == 200:
            return
        time.sleep(0.1)
    raise TimeoutError(f"{server.name} did not answer within {start_s:.0f} s")
