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
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from clustergraph.errors import ClusterGraphError, StoreError
from clustergraph.workers import wire

__all__ = ["START_S", "BusyError", "DiedError", "Target", "Worker"]

START_S: Final = 30.0
"""How long a worker may take to start and open its generation."""
# Long requests run at the lowest priority as soon as others wait.
_LONG_NICE: Final = 19
# A worker that holds more memory than this after a long request is replaced.
_KEPT_BYTES: Final = 192 << 20
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
        self.deprioritised = False
        self.on_frame: Callable[[bytes], object] | None = None
        """Takes each frame as it arrives, and ``b""`` when the worker has ended."""
        self._priority_pending = False
        self._frames: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
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

    def send_kind(self, kind: int) -> None:
        """Send a frame without payload.

        Raises:
            DiedError: the worker is gone.
        """
        try:
            self.sock.send(bytes([kind]))
        except OSError as error:
            raise DiedError(self.reason or "killed") from error

    async def open(self, target: Target, limit_s: float = START_S) -> None:
        """Let an idle worker open a generation.

        Raises:
            StoreError: it cannot; says why.
        """
        self.on_frame = None
        try:
            text = json.dumps(asdict(target))
            self.sock.send(bytes([wire.OPEN]) + text.encode())
            self.target = target
            async with asyncio.timeout(limit_s):
                frame = await self.frame()
        except (OSError, DiedError, TimeoutError) as error:
            code = self.process.poll()
            ended = f"it ended with {code}" if code is not None else "it did not answer in time"
            raise StoreError(
                f"a worker process could not start ({ended}): the memory limit may be too low for "
                f"the engine, or {target.directory} cannot be read"
            ) from error
        if frame[0] != wire.READY:
            raise StoreError(f"a worker process could not start: {frame[1:].decode()}")
        self.wall = json.loads(frame[1:])["wall"]

    async def frame(self) -> bytes:
        """Return the next frame.

        Raises:
            DiedError: the worker ended.
        """
        while not self._frames:
            if self._ended or self.reason:
                raise DiedError(self.cause())
            self.resume()
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._frames.popleft()

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
            frame = b""
        if not frame:
            self.pause()
            self._ended = True
        self._deliver(frame)

    def _deliver(self, frame: bytes) -> None:
        if self.on_frame is not None:
            self.on_frame(frame)
            return
        if frame:
            self._frames.append(frame)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # Priority

    def set_priority(self, low: bool) -> bool:
        """Give the process the lowest priority, or our own again.

        Returns:
            Whether that is done: raising a priority needs rights that not every process has.
        """
        self.deprioritised = low
        pid = self.process.pid
        own = os.getpriority(os.PRIO_PROCESS, 0)
        try:
            os.setpriority(os.PRIO_PROCESS, pid, _LONG_NICE if low else own)
        except OSError:  # no right to it, or it has just ended
            return False
        # Where Linux shares processors out by sessions first, and each worker has its own session,
        # nice values count within a session only; this sets the session's (sched(7), "autogroup").
        try:
            Path(f"/proc/{pid}/autogroup").write_text(str(_LONG_NICE if low else 0), "ascii")
        except BlockingIOError:  # the kernel accepts ten such changes a second
            self._priority_pending = True
            return False
        except OSError:  # no such system
            pass
        self._priority_pending = False
        return True

    def retry_priority(self) -> None:
        """Repeat the change of priority that the kernel put off."""
        if self._priority_pending and self.usable:
            self.set_priority(self.deprioritised)

    def recover(self) -> bool:
        """Restore its priority after a long request; False: it should be replaced."""
        try:
            _, resident, shared, *_ = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        except OSError:
            return False
        own_bytes = (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
        return own_bytes <= _KEPT_BYTES and self.set_priority(low=False)

    # End

    def kill(self, reason: str) -> None:
        """Kill the process now; `on_frame` or `frame` learns of it at once."""
        if self.usable:
            self.reason = reason
            self.process.kill()
            self.pause()
            self._deliver(b"")

    def close(self) -> None:
        """Kill the process and release what belongs to it."""
        self.on_frame = None
        self.pause()
        if not self._ended:
            self._ended = True
            self._deliver(b"")
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
    """Return our environment without tokens and credentials, for a worker."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRETS)}
    return {"GLIBC_TUNABLES": _MALLOC, **kept, "TMPDIR": scratch}
