"""Restrictions around a worker process, applied together: see `confine`.

Only Linux has them; elsewhere `confine` returns nothing, and the policy in front of the parser is
the only protection there is.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import stat
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION: Final = 0x20080522
_SECCOMP_MODE_FILTER: Final = 2
# The numbers are the same on all architectures that have these calls.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_PATH_BENEATH: Final = 1
# Rights of landlock: files of its first version; moving between directories; truncation.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_ALL_FILES: Final = (1 << 13) - 1
_REFER: Final = 1 << 13
_TRUNCATE: Final = 1 << 14
_ONLY_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
# Architecture: its audit number, the call socket, and calls that no worker needs and that lead
# out of a sandbox: into another namespace, another process, the kernel's less tested parts.
_SOCKET: Final = {"x86_64": 41, "aarch64": 198}
_AUDIT: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NEVER: Final = {
    # ptrace, mount, umount2, pivot_root, init_module, keyctl, unshare, perf_event_open,
    # process_vm_readv, process_vm_writev, finit_module, bpf, userfaultfd, setns, kexec_load,
    # io_uring_setup, pidfd_getfd
    "x86_64": (101, 165, 166, 155, 175, 250, 272, 298, 310, 311, 313, 321, 323, 308, 246, 425, 438),
    "aarch64": (117, 40, 39, 41, 105, 219, 97, 241, 270, 271, 273, 280, 282, 268, 104, 425, 438),
}
# What the interpreter and its libraries read at run time, besides themselves.
_SYSTEM: Final = (
    "/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/etc/ssl",
    "/etc/pki", "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf",
    "/etc/nsswitch.conf", "/etc/services", "/etc/mime.types", "/proc/self", "/proc/cpuinfo",
    "/proc/meminfo", "/proc/stat", "/proc/sys/vm", "/sys/devices/system/cpu", "/sys/fs/cgroup",
    "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom",
)  # fmt: skip
_WRITABLE: Final = ("/dev/null", "/proc/self")


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
        sys.exit(0)


def lower_priority(pid: int, nice: int) -> None:
    """Lower the priority of a process, as far as the system lets us.

    Args:
        pid: the process; it leads a session of its own.
        nice: its new nice value.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, nice)
    # Where Linux shares processors out by sessions first, nice values count within a session only;
    # this sets the session's (sched(7), "autogroup").
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice), "ascii")


def confine(
    *, network: bool, write: Sequence[Path] | None = None, read: Sequence[Path] = ()
) -> tuple[str, ...]:
    """Restrict this process for good, before it starts a thread.

    All restrictions that the system offers are applied together:

    - without ``network``: a network namespace of its own, where not even loopback is up, and no
      call that makes a socket;
    - started as root: the user and group that own the first directory of ``write``;
    - no capabilities, and no way to gain privileges (``no_new_privs``);
    - files: only ``read``, ``write`` and what the interpreter needs (landlock, Linux 5.19);
    - none of the calls that lead into other namespaces or processes (seccomp).

    Args:
        network: whether it may reach other hosts.
        write: directories that it may read and change; None: files are not restricted, and the
            user stays.
        read: files and directories that it may read besides the interpreter's own.

    Returns:
        The restrictions that are now in force, for the log; empty where there are none.
    """
    if sys.platform != "linux":
        return ()
    in_force = []
    if not network and _new_network():
        in_force.append("network namespace")
    if (owner := _owner(write)) is not None:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
        in_force.append("other user")
    steps = [
        ("no capabilities", _drop_capabilities),
        ("no new privileges", _no_new_privileges),
        ("landlock", lambda: _landlock(network=network, read=read, write=write)),
        ("seccomp", lambda: _seccomp(network=network)),
    ]
    return (*in_force, *(name for name, apply in steps if apply()))


def deny_sockets() -> str:
    """Take the network away from this thread, but leave its user and groups as they are.

    For commands that start other programs and write files under their own name afterwards.

    Returns:
        The wall that now stands: ``seccomp`` or ``landlock`` (TCP only); or nothing.
    """
    if sys.platform != "linux":
        return ""
    if not _no_new_privileges():
        return ""
    return "seccomp" if _seccomp(network=False) else "landlock" if _landlock(network=False) else ""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _new_network() -> bool:
    """Move to a network namespace of one's own, where not even loopback is up."""
    libc = _libc()
    # Root needs no user namespace for it; others get one, where that is allowed.
    return any(
        libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET)
    )


def _owner(write: Sequence[Path] | None) -> os.stat_result | None:
    """Return the owner to become: only root can, and only where the files are another's."""
    if os.geteuid() != 0 or not write:
        return None
    try:
        found = write[0].stat()
    except OSError:
        return None
    return found if found.st_uid else None


def _drop_capabilities() -> bool:
    """Give up all capabilities, also those that executing a program as root would bring back."""
    libc = _libc()
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("<Ii", _CAPABILITY_VERSION, 0)
    return bool(libc.capset(header, bytes(24)) == 0)


def _no_new_privileges() -> bool:
    return bool(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def _landlock(
    *, network: bool, read: Iterable[Path] = (), write: Sequence[Path] | None = None
) -> bool:
    """Forbid TCP (Linux 6.7), and all files but some (Linux 5.19).

    Args:
        network: whether TCP stays.
        read: what may be read.
        write: what may be changed; None: files are not restricted.
    """
    libc = _libc()
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)
    files = _ALL_FILES | _REFER | (_TRUNCATE if version >= 3 else 0)
    handled_files = files if version >= 2 and write is not None else 0
    handled_network = 3 if version >= 4 and not network else 0
    if not handled_files and not handled_network:
        return False
    rules = struct.pack("<QQQ", handled_files, handled_network, 0)
    rules = rules[: 24 if version >= 6 else 16 if version >= 4 else 8]
    descriptor = libc.syscall(_LANDLOCK_CREATE_RULESET, rules, len(rules), 0)
    if descriptor < 0:
        return False
    try:
        if handled_files:
            own = {sys.prefix, sys.base_prefix, *sys.path, str(Path(__file__).parents[3])}
            reading = _READ_FILE | _READ_DIR | _EXECUTE
            for path in [*_SYSTEM, *filter(None, own), *map(str, read)]:
                _allow(libc, descriptor, path, reading)
            for path in _WRITABLE:
                _allow(libc, descriptor, path, reading | _WRITE_FILE | (files & _TRUNCATE))
            for path in map(str, write or ()):
                _allow(libc, descriptor, path, files)
        return bool(libc.syscall(_LANDLOCK_RESTRICT_SELF, descriptor, 0) == 0)
    finally:
        os.close(descriptor)


def _allow(libc: ctypes.CDLL, descriptor: int, path: str, rights: int) -> None:
    """Add a path, with all below it, to a ruleset; one that does not exist grants nothing."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _ONLY_FILES
        rule = struct.pack("<Qi", rights, opened)
        libc.syscall(_LANDLOCK_ADD_RULE, descriptor, _LANDLOCK_PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)


class _Program(ctypes.Structure):
    """A BPF program as prctl takes it (struct sock_fprog)."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _seccomp(*, network: bool) -> bool:
    """Let calls fail that lead out of the process, by a seccomp filter; sockets, if asked for."""
    machine = platform.machine()
    if machine not in _AUDIT:
        return False
    refused = [*_NEVER[machine], *(() if network else (_SOCKET[machine],))]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050000 | 13, 0x80000000
    # Code, where to go when true and when false (instructions skipped), operand.
    program = [
        (load, 0, 0, 4),
        (equal, 1, 0, _AUDIT[machine]),
        (give, 0, 0, kill),
        (load, 0, 0, 0),
        (at_least, len(refused) + 1, 0, 0x40000000),  # the x32 twins of the calls
        *((equal, len(refused) - at, 0, call) for at, call in enumerate(refused)),
        (give, 0, 0, allow),
        (give, 0, 0, refuse),
    ]
    code = b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
    filtered = ctypes.byref(_Program(len(program), code))
    return bool(_libc().prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filtered, 0, 0) == 0)
