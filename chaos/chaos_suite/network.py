"""A network whose members can be cut off: a namespace for each, on a bridge, all in a private namespace of the run.

What is not the target of a fault stands in the hub. The addresses are TEST-NET-1 (RFC 5737) and lead nowhere;
side by side, runs do not see each other.
"""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable

from master_orchestrator.cluster.jars import kafka_libs

HUB = "192.0.2.1"
LOOPBACK = "127.0.0.1"
BRIDGE = "br0"
MARKER = "CHAOS_PRIVATE_NAMESPACE"
WAYS_IN = (("unshare", "--net", "--mount"), ("unshare", "--user", "--map-root-user", "--net", "--mount"))
"""As root, and as anyone whom the kernel lets make user namespaces."""
NEEDED = (
    "mount -t tmpfs none /run && mkdir -p /run/netns && ip link set lo up && ip netns add probe"
    " && ip link add br0 type bridge && ip link add probe type veth peer name eth0 netns probe"
)
_FIRST_ADDRESS = {"broker": 11, "engine": 21}


def in_namespace_of_its_own(argv: list[str]) -> None:
    """Run this program again, with `argv`, in a private namespace; return if it is in one, or none can be made."""
    if MARKER in os.environ:
        return
    way_in = next((way for way in WAYS_IN if _leads_in(way)), None)
    if way_in is None:
        return
    kafka_libs()  # fetched now if they are missing: inside there is no way out
    os.environ[MARKER] = "1"
    sys.stdout.flush()
    os.execvp(way_in[0], [*way_in, sys.executable, *argv])  # noqa: S606 - no shell is wanted


class Network:
    """The members' addresses, and their links to the bridge. Without a private namespace all are on loopback."""

    def __init__(self) -> None:
        self.available = MARKER in os.environ
        self._cuts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def lay_out(self, members: Iterable[str]) -> None:
        """Make the hub, and a namespace for each of `members` (`broker-1`, `engine-2`). Once in a private namespace."""
        if not self.available:
            return
        _run("mount", "-t", "tmpfs", "none", "/run")
        _run("mkdir", "/run/netns")
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "address", "add", f"{HUB}/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        for name in members:
            self._connect(name)

    def address(self, name: str) -> str:
        """Where a member is reached."""
        if not self.available:
            return LOOPBACK
        kind, number = name.rsplit("-", 1)
        return f"192.0.2.{_FIRST_ADDRESS[kind] + int(number) - 1}"

    def prefix(self, name: str) -> list[str]:
        """What to put before a command so that it runs as the member `name`; its pid stays the command's own."""
        return ["nsenter", f"--net=/run/netns/{name}"] if self.available else []

    def cut(self, name: str) -> None:
        """Take a member's link down; each `cut` needs a `mend` of its own."""
        self._count(name, 1)

    def mend(self, name: str) -> None:
        """Take back one `cut`; the link is up when all are."""
        self._count(name, -1)

    def _count(self, name: str, change: int) -> None:
        with self._lock:
            self._cuts[name] += change
            _run("ip", "link", "set", name, "down" if self._cuts[name] else "up")

    def _connect(self, name: str) -> None:
        inside = self.prefix(name)
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "link", "set", name, "master", BRIDGE, "up")
        _run(*inside, "ip", "link", "set", "lo", "up")
        _run(*inside, "ip", "address", "add", f"{self.address(name)}/24", "dev", "eth0")
        _run(*inside, "ip", "link", "set", "eth0", "up")


def _leads_in(way: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*way, "sh", "-c", NEEDED], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:  # no unshare: not Linux, or a small image
        return False


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
