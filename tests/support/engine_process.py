"""Engine workers as processes of their own, to be killed, stopped and started again by tests."""

import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

WORKER = Path(__file__).with_name("engine_worker.py")
STOP_S = 30


class EngineProcess:
    """One worker; ``folder`` holds its RocksDB and its log."""

    def __init__(
        self, kafka: KafkaSettings, topology: Topology, folder: Path, worker: str = "w1", *options: str
    ) -> None:
        self.folder, self.worker = folder, worker
        folder.mkdir(parents=True, exist_ok=True)
        pickled = folder / "topology.pickle"
        pickled.write_bytes(pickle.dumps(topology))
        self.log = folder / "engine.log"
        self._command = [sys.executable, str(WORKER), "--bootstrap", kafka.bootstrap_servers]
        self._command += ["--topology", str(pickled), "--data-dir", str(self.tables), "--worker", worker, *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def tables(self) -> Path:
        """The RocksDB folder."""
        return self.folder / "tables"

    def start(self) -> None:
        """Start (again); the log is appended to."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, without waiting for what it does."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code. One that does not end in time is killed and counts as failed."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def wait(self, patience_s: float) -> int:
        """Wait until it has ended by itself; the exit code."""
        assert self._process is not None
        return self._process.wait(patience_s)

    @property
    def rss_mb(self) -> float:
        """Resident memory."""
        assert self._process is not None
        return psutil.Process(self._process.pid).memory_info().rss / 2**20

    def wipe(self) -> None:
        """Lose the disk."""
        shutil.rmtree(self.tables, ignore_errors=True)

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None
