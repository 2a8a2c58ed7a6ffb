"""The restrictions around a worker process, tried from inside one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has them")

PROBE = """
import ctypes, json, os, socket, sys
from pathlib import Path
from clustergraph.workers import confine
given = json.loads(sys.argv[1])
target = os.open("/proc/1/ns/net", os.O_RDONLY) if os.access("/proc/1/ns/net", os.R_OK) else -1
if given["only"]:
    found = getattr(confine, given["only"])(**given["arguments"])
else:
    write = given["write"] and [Path(path) for path in given["write"]]
    found = confine.confine(network=given["network"], write=write)
def tried(action):
    try:
        action()
        return True
    except OSError:
        return False
def connect(kind):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.settimeout(5)
        sock.connect(("127.0.0.1", given["port"]))
libc = ctypes.CDLL(None, use_errno=True)
status = dict(line.split(":\\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps({
    "found": found,
    "stream": tried(lambda: connect(socket.SOCK_STREAM)),
    "datagram": tried(lambda: connect(socket.SOCK_DGRAM)),
    "left": target >= 0 and libc.setns(target, 0) == 0,
    "capabilities": [int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")],
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "filtered": status["Seccomp"].strip(),
    "user": int(status["Uid"].split()[0]),
    "files": {path: [tried(lambda: os.listdir(path)), tried(lambda: (Path(path) / "new").touch())]
              for path in given["look"]},
    "secret": tried(lambda: Path("/etc/passwd").read_text()),
    # PTRACE_SEIZE, which does not stop whom it seizes
    "traced": not given["only"] and libc.ptrace(0x4206, os.getppid(), 0, 0) == 0,
}))
"""


def probe(**given: Any) -> dict[str, Any]:
    """Run the probe in a process of its own, beside a server that it must not reach."""
    settings = {"only": "", "arguments": {}, "network": False, "write": None, "look": [], **given}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings["port"] = listener.getsockname()[1]
        run = subprocess.run(
            [sys.executable, "-c", PROBE, json.dumps(settings)],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_all_restrictions_are_applied_together(tmp_path: Path) -> None:
    """None replaces another: each that the system has is in force."""
    found = probe(write=[str(tmp_path)])
    assert {"no capabilities", "no new privileges"} <= set(found["found"])
    assert not any(found["capabilities"]) or os.geteuid() != 0
    assert found["no_new_privileges"] == "1"
    assert not found["stream"]
    assert not found["datagram"]
    assert not found["left"]
    assert not found["traced"]
    assert (found["filtered"] == "2") == ("seccomp" in found["found"])


def test_the_network_stays_where_it_is_needed(tmp_path: Path) -> None:
    """Workers that call other hosts keep the network, and get all other restrictions."""
    found = probe(network=True, write=[str(tmp_path)])
    assert found["stream"]
    assert found["datagram"]
    assert "network namespace" not in found["found"]
    assert found["no_new_privileges"] == "1"
    assert not found["left"]


def test_files(tmp_path: Path) -> None:
    """Only the directories that it is given can be written, and others not even read."""
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    found = probe(write=[str(own)], look=[str(own), str(other), sys.prefix])
    if "landlock" not in found["found"]:
        pytest.skip("this kernel has no landlock")
    assert found["files"] == {
        str(own): [True, True],
        str(other): [False, False],
        sys.prefix: [True, False],
    }
    assert not found["secret"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_becomes_the_owner_of_the_store(tmp_path: Path) -> None:
    """Started as root, a worker works as the user whose files it works on."""
    store = tmp_path / "store"
    store.mkdir()
    os.chown(store, 54321, 54321)
    found = probe(write=[str(store)])
    assert "other user" in found["found"]
    assert found["user"] == 54321


@pytest.mark.parametrize(
    ("only", "arguments", "datagrams"),
    [
        ("_new_network", {}, False),
        ("_seccomp", {"network": False}, False),
        ("_landlock", {"network": False}, True),
        ("deny_sockets", {}, False),
    ],
)
def test_each_alone_keeps_a_process_from_the_network(
    only: str, arguments: dict[str, Any], datagrams: bool
) -> None:
    """Behind each of them no TCP connection is made, and but for landlock no datagram leaves."""
    if only in ("_seccomp", "_landlock") and os.geteuid() != 0:
        pytest.skip("without no_new_privs only root may apply it")
    found = probe(only=only, arguments=arguments)
    if not found["found"]:
        pytest.skip("this system has none")
    assert not found["stream"]
    assert found["datagram"] is datagrams
