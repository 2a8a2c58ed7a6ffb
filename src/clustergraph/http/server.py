"""Runs the service: the worker processes, and the web server in front of the gateway."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from clustergraph.errors import UsageError
from clustergraph.http.background import Background
from clustergraph.http.codec import Job, encode_job
from clustergraph.http.gateway import Gateway
from clustergraph.http.options import Options
from clustergraph.protocol import Config, Operator
from clustergraph.quadstore.generations import Generations
from clustergraph.settings import cache_directory
from clustergraph.workers.pool import Pool, PoolSize
from clustergraph.workers.process import Target

_BACKLOG: Final = 2048
_POLL_S: Final = 0.005
# Descriptors that are not connections: workers, files, the log.
_SPARE_DESCRIPTORS: Final = 100
_MOST_CONNECTIONS: Final = 20_000
# Writes to another server, each a request of its own; they wait for it rather than for a core.
_REMOTE_WRITERS: Final = 2
_REMOTE: Final = "CLUSTERGRAPH_REMOTE_"
_FEDERATED: Final = PoolSize(workers=2, spares=0, slots=0, queue=64)


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that holds an address for the web server, which binds it again.

    It does not listen. Until it is closed, nobody but a process of the same user that shares the
    port can take the address.

    Args:
        host: a name or an address; IPv6 without brackets.
        port: 0 takes a free one.

    Raises:
        UsageError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as probe:
            name = probe.getsockname()
        held = socket.socket(family, socket.SOCK_STREAM)
        # Without SO_REUSEADDR, which would let another service hold the address as well.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(name)
    except (OSError, OverflowError) as error:
        match getattr(error, "errno", None):
            case errno.EADDRINUSE:
                reason = f"port {port} is in use; choose another: --port {port + 1 if port else 0}"
            case errno.EACCES:
                reason = f"port {port} needs privileges; choose one above 1023"
            case _:
                reason = f"not an address of this machine ({error})"
        raise UsageError(f"cannot listen on {host}:{port}: {reason}") from error
    return held


def create_gateway(directory: Path, options: Options) -> Gateway:
    """Return the service over a store; `Gateway.start` starts its workers.

    Args:
        directory: the store.
        options: what the operator decided.

    Raises:
        StoreError: there is no graph.
    """
    target = target_of(directory)
    scratch = scratch_directory(directory)
    command = partial(_command, options=options, directories=(str(directory.absolute()),))
    readers = Pool(command("read"), target, _size(options), scratch)
    federated = None
    if options.allow_service:
        federated = Pool(command("federated"), target, _FEDERATED, scratch)
    writers = None
    if options.takes_writes:
        # One, so that each write sees those before it.
        writers = Pool(command("write"), target, _writing(options, workers=1), scratch)
    background = None
    if options.prepare:
        background = Background(command("prepare"), command("refresh"), scratch)
    published = partial(target_of, directory)
    return Gateway(options, readers, federated, writers, background, published)


def create_remote_gateway(address: str, options: Options) -> Gateway:
    """Return the service in front of another SPARQL server.

    Args:
        address: where that server answers queries; may hold a name and a password.
        options: what the operator decided.
    """
    target = Target(0, address)
    scratch = scratch_directory()
    reading, changing = _credentials(os.environ)
    command = _command("remote", options, timeout_s=options.query_timeout_s)
    readers = Pool(command, target, _size(options), scratch, reading)
    writers = None
    if options.takes_writes:
        # Workers that read are never given where to write.
        command = _command(
            "remote-write",
            options,
            timeout_s=options.write_timeout_s,
            update_address=options.update_address,
            graph_store_address=options.graph_store_address,
        )
        writers = Pool(command, target, _writing(options, _REMOTE_WRITERS), scratch, changing)
    return Gateway(options, readers, writers=writers)


def _credentials(environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the credentials for another server: of workers that read, and of those that write.

    ``CLUSTERGRAPH_REMOTE_WRITE_USER`` and so on, where given, are for writes alone.
    """

    def given(prefix: str) -> dict[str, str]:
        names = ("USER", "PASSWORD", "TOKEN")
        return {
            _REMOTE + name: value for name in names if (value := environment.get(prefix + name))
        }

    reading = given(_REMOTE)
    return reading, given(f"{_REMOTE}WRITE_") or reading


def _size(options: Options) -> PoolSize:
    return PoolSize(
        workers=options.workers or max(2, os.cpu_count() or 1),
        spares=1,
        slots=options.slots,
        long_after_s=options.long_after_s,
        queue=options.query_limit,
    )


def _writing(options: Options, workers: int) -> PoolSize:
    return PoolSize(
        workers,
        spares=0,
        slots=0,
        queue=options.query_limit,
        repeat=False,
        limit_s=options.write_timeout_s,
    )


def target_of(directory: Path) -> Target:
    """Return what workers that read a store read now: its published generation."""
    current = Generations(directory).current
    return Target(current.number, str(directory), current.committed_at)


def scratch_directory(store: Path | None = None) -> Path:
    """Return a new private directory for the temporary files of workers.

    Each worker has a directory of its own in it, which is removed when the worker ends, however
    that happens. What services left that were killed is removed here.

    Args:
        store: whose owner the workers run as, when started as root; None: there is no store.
    """
    root = cache_directory() / "scratch"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in root.iterdir():
        pid = old.name.partition("-")[0]
        if not (pid.isdigit() and Path(f"/proc/{pid}").exists()):
            shutil.rmtree(old, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
    if store is not None and os.geteuid() == 0:
        owner = store.stat()
        os.chown(scratch, owner.st_uid, owner.st_gid)
    return scratch


def config_of(options: Options) -> Config:
    """Return what workers need to know: no secrets and no addresses to write to."""
    known = asdict(options)
    values = {one.name: known[one.name] for one in fields(Config) if one.name in known}
    for name in ("shapes", "regions"):
        values[name] = values[name] and values[name].absolute()
    operator = Operator(
        options.publisher, options.contact or "", options.report_address or "", options.legal
    )
    return Config(**values, writable=options.takes_writes, operator=operator)


def _command(kind: str, options: Options, **more: Any) -> list[str]:
    # What works for untrusted requests has less memory.
    own = kind in ("write", "prepare", "refresh")
    job = Job(
        kind,
        config_of(options),
        options.writer_memory_bytes if own else options.worker_memory_mb << 20,
        validate=options.validate_writes,
        infer=options.inference,
        **more,
    )
    # -P: no module of the current directory is taken for one of ours.
    return [sys.executable, "-P", "-m", "clustergraph.http.worker", encode_job(job)]


def _most_connections() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        wanted = hard if hard != resource.RLIM_INFINITY else _MOST_CONNECTIONS * 2
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, 65536)), hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(soft - _SPARE_DESCRIPTORS, _MOST_CONNECTIONS))


def run(gateway: Gateway, held: socket.socket, report: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        gateway: from `create_gateway`.
        held: from `reserve`.
        report: is given the lines that say where the service is and what to try.

    Raises:
        StoreError: the workers cannot start; says why.
        KeyboardInterrupt: it was interrupted.
    """
    with held:
        interrupted = uvloop.run(_serve(gateway, held, report))
    if interrupted:
        raise KeyboardInterrupt


async def _serve(
    gateway: Gateway,
    held: socket.socket,
    report: Callable[[str], None],
) -> bool:
    """Serve until a signal comes; return whether that was SIGINT."""
    host, port = held.getsockname()[:2]
    options = gateway.options
    gateway.port = port
    await gateway.start()
    try:
        server = Server(
            gateway,
            address=host,
            port=port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
            backlog=_BACKLOG,
            backpressure=_most_connections(),
            http1_settings=HTTP1Settings(
                header_read_timeout=int(options.head_timeout_s * 1000),
                max_buffer_size=options.max_head_bytes,
                keep_alive=True,
            ),
        )
        interrupted = False

        def stop(number: int) -> None:
            nonlocal interrupted
            interrupted = interrupted or number == signal.SIGINT
            server.stop()  # type: ignore[no-untyped-call]

        # What there is now stays; requests make many objects that go at once.
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)
        serving = loop.create_task(server.serve())
        await _listening(host, port, serving)
        if not serving.done():
            _announce(gateway, host, port, report)
        await serving
        return interrupted
    finally:
        await gateway.stop()


async def _listening(host: str, port: int, serving: asyncio.Task[None]) -> None:
    """Return when the web server accepts connections, or has ended."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(local, port)
        except OSError:
            await asyncio.sleep(_POLL_S)
        else:
            writer.close()
            return


def _announce(
    gateway: Gateway,
    host: str,
    port: int,
    report: Callable[[str], None],
) -> None:
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    report(f"clustergraph is at {address}/  (Ctrl-C stops it)")
    report(f"  endpoint   {address}/sparql")
    report(f"  questions  {address}/queries")
    wall = gateway.readers.wall
    if gateway.options.remote:
        detail = ", in front of another server"
    elif wall:
        detail = f", restricted by: {wall}"
    else:
        detail = "; this system has no means to restrict them"
    report(f"  workers    {gateway.readers.size.workers}{detail}")
