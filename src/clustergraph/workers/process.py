"""One worker process, seen from the process that serves."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from clustergraph.errors import ClusterGraphError
from clustergraph.workers import wire

__all__ = ["BusyError", "DiedError", "Target", "Worker"]

# What requests that have grown old get of a processor that others want: next to nothing.
_AGED_NICE: Final = 19
# A worker that holds more than this after a long request had better start anew.
_KEPT_BYTES: Final = 192 << 20
# The engine allocates much and small; with these, glibc takes a twentieth less time over it.
# The engine opens files by many threads, each of which would set 64 MiB of the address space
# aside for itself; how many do at once is chance, and a worker may have only so much.
_MALLOC: Final = "glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=1000:glibc.malloc.arena_max=2"
# Frames read ahead of a slow reader; the rest stays in the kernel and blocks the worker.
_AHEAD: Final = 4


class DiedError(ClusterGraphError):
    """A worker ended before its answer did.

    Args:
        reason: ``deadline``, ``slots``, ``left``, ``stalled``, ``stopped``: we killed it;
            ``memory``: it ran out; ``crashed``: it took itself down; ``killed``: somebody did.
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
        committed_at: when it was made, in seconds since 1970; tells it from a generation of the
            same number of another store.
    """

    number: int
    directory: str
    committed_at: float = 0.0


class Worker:
    """One worker process and our end of its socket."""

    def __init__(self, command: Sequence[str], target: Target, buffer: bytearray) -> None:
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
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
                env=_environment(),
            )
        self.sock.setblocking(False)
        self.target = target
        self.wall = ""
        self.since_s = 0.0
        self.deadline_s = 0.0
        self.aged = False
        self._unsettled = False
        self.reason = ""
        self.on_frame: Callable[[bytes], None] | None = None
        """Takes each frame as it comes, and ``b""`` when the worker has ended."""
        self.on_long: Callable[[], object] | None = None
        """Called once when the request that it works on is no longer short."""
        self.watch: asyncio.Task[None] | None = None
        """Looks out for the client's leaving; cancelled when the worker is given back."""
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._frames: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._reading = False
        self._ended = False
        self._listen()

    @property
    def usable(self) -> bool:
        """Whether nothing has ended it yet."""
        return not (self._ended or self.reason)

    def send(self, head: bytes, body: bytes | IO[bytes] = b"") -> None:
        """Send a request; see `wire.send`.

        Raises:
            DiedError: it is gone.
        """
        try:
            wire.send(self.sock, head, body)
        except OSError as error:
            raise DiedError(self.reason or "killed") from error

    def open(self, target: Target) -> None:
        """Tell an idle worker to read another generation; it answers with READY."""
        try:
            text = json.dumps(asdict(target))
            self.sock.send(bytes([wire.OPEN]) + text.encode())
        except OSError as error:
            raise DiedError(self.reason or "killed") from error
        self.target = target

    def tell(self, kind: int) -> None:
        """Send a frame that is nothing but its kind.

        Raises:
            DiedError: it is gone.
        """
        try:
            self.sock.send(bytes([kind]))
        except OSError as error:
            raise DiedError(self.reason or "killed") from error

    async def ready(self, limit_s: float) -> None:
        """Wait until it has opened what it was told to.

        Raises:
            DiedError: it ended instead.
            TimeoutError: it takes too long.
        """
        self.on_frame = None
        async with asyncio.timeout(limit_s):
            frame = await self.frame()
        if frame[0] != wire.READY:
            raise DiedError("crashed")
        self.wall = json.loads(frame[1:])["wall"]

    async def frame(self) -> bytes:
        """Return the next frame.

        Raises:
            DiedError: there will be none.
        """
        while not self._frames:
            if self._ended or self.reason:
                raise DiedError(self.cause())
            self._listen()
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._frames.popleft()

    def hear(self, take: Callable[[bytes], None]) -> None:
        """Let ``take`` have each frame from now on, beginning with those that are here."""
        self.on_frame = take
        while self._frames and self.on_frame is take:
            take(self._frames.popleft())
        self._listen()

    def put_back(self, frame: bytes) -> None:
        """Let `frame` return this one next."""
        self._frames.appendleft(frame)

    def kill(self, reason: str) -> None:
        """End it now; whoever waits for its frames is told at once."""
        if self.usable:
            self.reason = reason
            self.process.kill()
            self._wake(b"")

    def set_aged(self, aged: bool) -> bool:
        """Give it the lowest priority, or its own again.

        Returns:
            Whether that is done: going back up takes rights that not every process has.
        """
        self.aged = aged
        pid = self.process.pid
        own = os.getpriority(os.PRIO_PROCESS, 0)
        try:
            os.setpriority(os.PRIO_PROCESS, pid, _AGED_NICE if aged else own)
        except OSError:  # no right to it, or it has just ended
            return False
        # Where Linux shares processors out by sessions first, and each worker has one of its own,
        # priorities count within a session only; this is the session's (sched(7), "autogroup").
        try:
            Path(f"/proc/{pid}/autogroup").write_text(str(_AGED_NICE if aged else 0), "ascii")
        except BlockingIOError:  # the kernel takes ten such changes a second
            self._unsettled = aged
            return False
        except OSError:  # no such system
            pass
        self._unsettled = False
        return True

    def recover(self) -> bool:
        """Make it young again after an old request; False: it had better be replaced."""
        try:
            _, resident, shared, *_ = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        except OSError:
            return False
        own_bytes = (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
        return own_bytes <= _KEPT_BYTES and self.set_aged(False)

    def settle(self) -> None:
        """Try again what the kernel put off."""
        if self._unsettled and self.usable:
            self.set_aged(self.aged)

    def close(self) -> None:
        """End it and forget it."""
        self._deafen()
        self._ended = True
        self.on_frame = None
        self._wake(b"")
        self.sock.close()
        self.process.kill()
        if self.process.poll() is None:
            self._loop.run_in_executor(None, self.process.wait)

    def cause(self) -> str:
        """Return why it ended; see `DiedError`."""
        if self.reason:
            return self.reason
        try:
            # Its socket closed, so it is all but gone.
            code = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "crashed"
        return {-signal.SIGABRT: "memory", -signal.SIGKILL: "killed"}.get(code, "crashed")

    def _listen(self) -> None:
        if not self._reading and not self._ended:
            self._loop.add_reader(self.sock, self._readable)
            self._reading = True

    def _deafen(self) -> None:
        if self._reading:
            self._loop.remove_reader(self.sock)
            self._reading = False

    def _readable(self) -> None:
        try:
            size = self.sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._deafen()
            self._ended = True
        self._wake(bytes(self._view[:size]))

    def _wake(self, frame: bytes) -> None:
        if self.on_frame is not None:
            self.on_frame(frame)
            return
        if frame:
            self._frames.append(frame)
            if len(self._frames) >= _AHEAD:
                self._deafen()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _environment() -> dict[str, str]:
    """Return what a worker gets of our environment: all but the token."""
    given = {name: value for name, value in os.environ.items() if name != "CLUSTERGRAPH_TOKEN"}
    return {"GLIBC_TUNABLES": _MALLOC, **given}
