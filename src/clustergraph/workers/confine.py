"""Walls around a worker process: no network, bounded memory, a deep stack, gone with its parent.

Linux only has the walls; elsewhere `cut_network` returns nothing, and the guard in front of the
parser is the one wall there is.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from typing import Final

__all__ = ["bind_to_parent", "cut_network", "deny_sockets", "limit_resources"]

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
# The numbers are the same on all architectures that have these calls.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_RESTRICT_SELF: Final = 446
# Architecture: its audit number, and the numbers of the calls socket and io_uring_setup.
_CALLS: Final = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}


def limit_resources(memory_bytes: int, stack_bytes: int) -> None:
    """Limit this process's address space, deepen its main stack, leave no core dumps.

    Args:
        memory_bytes: RLIMIT_AS; 0 leaves it. Below some 600 MiB the engine cannot start; above
            the limit it aborts, for it cannot report that memory is short.
        stack_bytes: how far the main thread's stack may grow; the parsers recurse on it.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if hard == resource.RLIM_INFINITY or hard >= stack_bytes:
        resource.setrlimit(resource.RLIMIT_STACK, (stack_bytes, hard))
    if memory_bytes:
        _lower(resource.RLIMIT_AS, memory_bytes)


def _lower(which: int, limit: int) -> None:
    _, hard = resource.getrlimit(which)
    bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(which, (bound, bound))


def bind_to_parent(parent: int) -> None:
    """Let the kernel kill this process when the one that started it ends.

    Args:
        parent: the process id of the parent, in case it ended before this was called.
    """
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def cut_network() -> str:
    """Take the network away from this process, before it starts a thread.

    Returns:
        The wall that now stands: ``network namespace``, ``landlock`` (TCP only), ``seccomp``; or
        nothing, where the system has none of them.
    """
    if sys.platform != "linux":
        return ""
    for wall, build in (
        ("network namespace", _new_namespace),
        ("seccomp", _seccomp),
        ("landlock", _landlock),
    ):
        if build():
            return wall
    return ""


def deny_sockets() -> str:
    """Take the network away from this thread, but leave its user and groups as they are.

    For commands that start other programs and write files under their own name afterwards.

    Returns:
        The wall that now stands: ``seccomp`` or ``landlock`` (TCP only); or nothing.
    """
    if sys.platform != "linux":
        return ""
    return "seccomp" if _seccomp() else "landlock" if _landlock() else ""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _new_namespace() -> bool:
    """Move to a network namespace of one's own, where not even loopback is up."""
    libc = _libc()
    # Root needs no user namespace for it; others get one, where that is allowed.
    return any(
        libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET)
    )


def _landlock() -> bool:
    """Forbid TCP by a landlock ruleset that grants nothing (Linux 6.7)."""
    libc = _libc()
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)
    if version < 4:
        return False
    # Nothing about files; bind and connect; no scopes.
    rules = struct.pack("<QQQ", 0, 3, 0)[: 24 if version >= 6 else 16]
    descriptor = libc.syscall(_LANDLOCK_CREATE_RULESET, rules, len(rules), 0)
    if descriptor < 0:
        return False
    try:
        return bool(
            libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            and libc.syscall(_LANDLOCK_RESTRICT_SELF, descriptor, 0) == 0
        )
    finally:
        os.close(descriptor)


class _Program(ctypes.Structure):
    """A BPF program as prctl takes it (struct sock_fprog)."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _seccomp() -> bool:
    """Let the calls that make sockets fail, by a seccomp filter."""
    known = _CALLS.get(platform.machine())
    if known is None:
        return False
    architecture, *calls = known
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050000 | 13, 0x80000000
    # Code, where to go when true and when false (instructions skipped), operand.
    program = [
        (load, 0, 0, 4),
        (equal, 1, 0, architecture),
        (give, 0, 0, kill),
        (load, 0, 0, 0),
        (at_least, 3, 0, 0x40000000),  # the x32 twins of the calls
        (equal, 2, 0, calls[0]),
        (equal, 1, 0, calls[1]),
        (give, 0, 0, allow),
        (give, 0, 0, refuse),
    ]
    code = b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
    libc = _libc()
    return bool(
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and libc.prctl(
            _PR_SET_SECCOMP,
            _SECCOMP_MODE_FILTER,
            ctypes.byref(_Program(len(program), code)),
            0,
            0,
        )
        == 0
    )
