"""One Kafka process in a folder of its own: format, start, signal, stop.

Whether it runs is told by a lock, not by its pid: the broker inherits the descriptor of `node/lock`, so the lock
is held exactly as long as that process lives, and a recycled pid is never signalled.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from master_orchestrator.cluster.errors import BrokerStartError, FolderInUseError
from master_orchestrator.cluster.leash import die_with_parent
from master_orchestrator.cluster.locking import is_locked, try_lock, write_whole

STOP_TIMEOUT_S = 15.0
FORMAT_TIMEOUT_S = 60.0
SPAWN_S = 2.0
"""More than it takes from a node's lock to its pid."""

_JVM = ("-Xmx1g", "-Xms256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Without the optimising compiler: it takes as much CPU as all else in the broker for its first minute at full load,
and what it compiles saves a tenth of the broker's CPU after that."""
_LOG4J = Path(__file__).with_name("log4j2.xml")
_POLL_S = 0.02


class Node:
    """The broker of one folder, started by us or by an earlier run; `prefix` stands before its command."""

    def __init__(self, folder: Path, prefix: Sequence[str] = ()) -> None:
        self.folder = folder
        self._prefix = tuple(prefix)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the broker's process lives (stopped with SIGSTOP counts as living)."""
        if self._child is not None:
            if self._child.poll() is None:
                return True  # its lock is freed a moment before it is reaped
            self._child = None
        return is_locked(self.folder / "lock")

    @property
    def pid(self) -> int | None:
        """The process id while the broker runs, else None; None too while another process is about to start it."""
        if not self.running:
            return None
        try:
            return int((self.folder / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    @property
    def status(self) -> str:
        """Whether it runs, in a word or two."""
        if (pid := self.pid) is not None:
            return f"pid {pid}"
        return "starting" if self.running else "down"

    @property
    def log_dir(self) -> Path:
        """Where the broker keeps its topics."""
        return self.folder / "log"

    def configure(self, properties: str) -> None:
        """Write the server.properties of the next start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "server.properties").write_text(properties)

    def format(self, java: Path, libs: Path, cluster_id: str) -> None:
        """Prepare the log folder once, with Kafka's own tool: a hand-written meta.properties leaves features at 0."""
        done = self.folder / "formatted"
        if done.exists():
            return
        command = [*_jvm(java, libs), "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        command += ["-t", cluster_id, "-c", str(self.folder / "server.properties")]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FORMAT_TIMEOUT_S)  # noqa: S603 - our own command
        if result.returncode != 0:
            raise BrokerStartError(f"Kafka could not format {self.log_dir}: {(result.stdout + result.stderr).strip()}")
        done.touch()

    def start(self, java: Path, libs: Path, *, leashed: bool) -> None:
        """Start the broker; FolderInUseError if one runs here. `leashed`: it dies with this process."""
        lock = try_lock(self.folder / "lock")
        if lock is None:
            raise FolderInUseError(
                f"A broker already runs on {self.folder}. Stop it (master-orchestrator kafka stop), "
                "or give another folder (--data-dir)."
            )
        try:
            (self.folder / "pid").unlink(missing_ok=True)  # the last run's: whose number it is by now is anyone's guess
            self._spawn([*_jvm(java, libs, self._log_options()), "kafka.Kafka"], lock, leashed=leashed)
        finally:
            os.close(lock)

    def signal(self, number: signal.Signals) -> None:
        """Send the broker a signal, if it runs; one that another process is starting is waited for."""
        deadline = time.monotonic() + SPAWN_S
        while (pid := self.pid) is None and self.running and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        if pid is not None:
            os.kill(pid, number)

    def wait_stopped(self, timeout_s: float) -> bool:
        """Wait until the process has ended; False if it has not within `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self.running:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait_stopped(STOP_TIMEOUT_S)

    def last_words(self, lines: int = 8) -> str:
        """The end of the broker's log and console, for an error message."""
        texts = (_read(self.folder / name) for name in ("kafka.log", "console.log"))
        return "\n".join("\n".join(text.splitlines()[-lines:]) for text in texts if text)

    def _spawn(self, command: list[str], lock: int, *, leashed: bool) -> None:
        with (self.folder / "console.log").open("wb") as console:
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                [*self._prefix, *command, str(self.folder / "server.properties")],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C on the terminal is ours to handle, in order
                # SIGKILL, not SIGTERM: with its quorum gone a broker would wait minutes for a controlled shutdown.
                preexec_fn=die_with_parent(signal.SIGKILL) if leashed else None,  # noqa: PLW1509 - calls prctl only
            )
        write_whole(self.folder / "pid", str(self._child.pid))

    def _log_options(self) -> tuple[str, ...]:
        return (f"-Dlog4j2.configurationFile={_LOG4J}", f"-Dkafka.log.file={self.folder / 'kafka.log'}")


def stop_all(nodes: Iterable[Node], timeout_s: float = STOP_TIMEOUT_S) -> None:
    """SIGTERM to every running node at once, `timeout_s` for all to end, then SIGKILL to what is left."""
    running = [node for node in nodes if node.running]
    for node in running:
        node.signal(signal.SIGCONT)  # a paused broker could not hear the SIGTERM
        node.signal(signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    for node in running:
        if not node.wait_stopped(max(0.0, deadline - time.monotonic())):
            node.kill()


def _jvm(java: Path, libs: Path, options: Iterable[str] = ()) -> list[str]:
    return [str(java), *_JVM, *options, "-cp", f"{libs}/*"]


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
