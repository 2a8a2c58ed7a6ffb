"""One worker process, seen from the process that serves."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from clustergraph.errors import ClusterGraphError, StoreError
from clustergraph.workers import wire
from clustergraph.workers.confine import lower_priority

START_S: Final = 30.0
"""How long a worker may take to start and open its generation."""
# Long requests run at the lowest priority as soon as others wait.
_LONG_NICE: Final = 19
# The engine allocates many small blocks; these settings save glibc a twentieth of the time. The
# engine opens files in many threads, each of which would reserve 64 MiB of address space for an
# arena, and the address space of a worker is limited.
_MALLOC: Final = "glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=1000:glibc.malloc.arena_max=2"
# What workers do not get of our environment: tokens, and credentials for another server.
_SECRETS: Final = ("CLUSTERGRAPH_TOKEN", "CLUSTERGRAPH_METRICS_TOKEN", "CLUSTERGRAPH_REMOTE_")


class DiedError(ClusterGraphError):
    """A worker ended before its response did.

    Args:
        reason: ``deadline``, ``slots``, ``left``, ``stalled``, ``stopped``: we killed it;
            ``memory``: it ran out of memory; ``crashed``: it crashed; ``killed``: another process
            killed it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the worker ended: {reason}")


class BusyError(ClusterGraphError):
    """No worker is free, and there is no room, or no time, to wait for one."""


@dataclass(frozen=True, slots=True)
class Target:
    """What workers read: a published generation.

    Attributes:
        number: of the generation.
        directory: of the store.
        committed_at: when it was published, in seconds since 1970; distinguishes it from a
            generation of the same number of another store.
    """

    number: int
    directory: str
    committed_at: float = 0.0


class Worker:
    """One worker process and our end of its socket.

    Args:
        command: starts it; the descriptor of its socket and our process id are appended.
        target: the generation to open.
        scratch: directory in which it gets a temporary directory of its own, removed when it is
            closed, however it ended.
        environment: what it gets besides our environment, from which secrets are removed.
    """

    def __init__(
        self,
        command: Sequence[str],
        target: Target,
        scratch: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._scratch = tempfile.mkdtemp(prefix="worker-", dir=scratch)
        if scratch is not None and os.geteuid() == 0:
            owner = scratch.stat()
            os.chown(self._scratch, owner.st_uid, owner.st_gid)
        with theirs:
            # From the thread that lives as long as the pool does: the kernel ends the worker when
            # the thread that started it ends (see `confine.bind_to_parent`).
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**_environment(self._scratch), **(environment or {})},
            )
        self.sock.setblocking(False)
        self.target = target
        self.wall = ""
        self.reason = ""
        self.begun_s = 0.0
        self.deprioritised = False
        self.on_frame: Callable[[bytes], object] | None = None
        """Takes each frame as it arrives, and ``b""`` when the worker has ended."""
        self._loop = asyncio.get_running_loop()
        self._reading = False
        self._ended = False
        self.resume()

    @property
    def usable(self) -> bool:
        """Whether nothing has ended it yet."""
        return not (self._ended or self.reason)

    # Requests

    def send(self, payload: bytes, file: IO[bytes] | None = None) -> None:
        """Send a request; see `wire.send`.

        Raises:
            DiedError: the worker is gone.
        """
        try:
            wire.send(self.sock, payload, file)
        except OSError as error:
            raise DiedError(self.reason or "killed") from error

    async def open(self, target: Target, limit_s: float = START_S) -> None:
        """Let an idle worker open a generation.

        Raises:
            StoreError: it cannot; says why.
        """
        answer: asyncio.Queue[bytes] = asyncio.Queue()
        self.on_frame = answer.put_nowait
        with suppress(OSError):  # it may have ended, and said why
            self.sock.send(bytes([wire.OPEN]) + json.dumps(asdict(target)).encode())
        self.target = target
        try:
            async with asyncio.timeout(limit_s):
                frame = await answer.get()
        except TimeoutError:
            frame = b""
        if not frame:
            if self._ended:
                self.cause()
            code = self.process.poll()
            ended = f"it ended with {code}" if code is not None else "it did not answer in time"
            raise StoreError(
                f"a worker process could not start ({ended}): the memory limit may be too low for "
                f"the engine, or {target.directory} cannot be read"
            )
        if frame[0] != wire.READY:
            raise StoreError(f"a worker process could not start: {frame[1:].decode()}")
        self.wall = json.loads(frame[1:])["wall"]

    def pause(self) -> None:
        """Stop reading frames: the rest stays in the kernel and blocks the worker."""
        if self._reading:
            self._loop.remove_reader(self.sock)
            self._reading = False

    def resume(self) -> None:
        """Read frames."""
        if not self._reading and not self._ended:
            self._loop.add_reader(self.sock, self._on_readable)
            self._reading = True

    def _on_readable(self) -> None:
        try:
            frame = self.sock.recv(wire.FRAME_BYTES)
        except BlockingIOError:
            return
        except OSError:
            # Also when it ended without reading all that it was sent: what it said before is there.
            with suppress(OSError):
                if (last := self.sock.recv(wire.FRAME_BYTES)) and self.on_frame is not None:
                    self.on_frame(last)
            frame = b""
        if not frame:
            self.pause()
            self._ended = True
        if self.on_frame is not None:
            self.on_frame(frame)

    def deprioritise(self) -> None:
        """Give the process the lowest priority."""
        self.deprioritised = True
        lower_priority(self.process.pid, _LONG_NICE)

    # End

    def kill(self, reason: str) -> None:
        """Kill the process now; `on_frame` learns of it at once."""
        if self.usable:
            self.reason = reason
            self.process.kill()
            self.pause()
            if self.on_frame is not None:
                self.on_frame(b"")

    def close(self) -> None:
        """Kill the process and release what belongs to it."""
        self.on_frame = None
        self.pause()
        self._ended = True
        self.sock.close()
        self.process.kill()
        if self.process.poll() is None:
            self._loop.run_in_executor(None, self._reap)
        else:
            self._reap()

    def _reap(self) -> None:
        self.process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def cause(self) -> str:
        """Return why it ended; see `DiedError`."""
        if self.reason:
            return self.reason
        try:
            # Its socket closed, so it has all but ended.
            code = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "crashed"
        return {-signal.SIGABRT: "memory", -signal.SIGKILL: "killed"}.get(code, "crashed")


def _environment(scratch: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRETS)}
    return {"GLIBC_TUNABLES": _MALLOC, **kept, "TMPDIR": scratch}
