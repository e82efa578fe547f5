"""Looking at a job from outside while it is done: how far its output's log is, and what it costs."""

import subprocess
import threading
import time
from types import TracebackType
from typing import NamedTuple, Self, cast

import psutil
from bench_suite.contenders import UnavailableError
from bench_suite.stream_job.job import PARTITIONS
from bench_suite.stream_job.stage import JobStage
from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

EVERY_S = 0.02
START_S = 180.0
QUIET_S = 2.0
"""After this time without a record, check whether the output is complete."""

GIVEN_UP_S = 15.0


class Sample(NamedTuple):
    """One look. ``ends``: per partition, where a reader of committed records would stop; CPU in seconds so far."""

    at_s: float
    ends: tuple[int, ...]
    worker_cpu_s: float
    broker_cpu_s: float
    worker_mb: float


class ProgressWatch:
    """Looks every ``EVERY_S`` in a thread of its own; a context manager."""

    def __init__(self, stage: JobStage, topic: str, worker: subprocess.Popen[bytes]) -> None:
        self.samples: list[Sample] = []
        self._stage, self._admin = stage, stage.admin
        self._partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        self._popen, self._worker, self._broker = worker, psutil.Process(worker.pid), psutil.Process(stage.broker_pid)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def await_quiet(self, quiet_s: float) -> None:
        """Return when something has come and then nothing for this time. Raises ``TimeoutError`` and the like."""
        deadline = time.monotonic() + START_S
        while self._still_s() < quiet_s:
            if self._popen.poll() is not None:
                raise UnavailableError(f"its worker has ended: {self._stage.last_words()}")
            if time.monotonic() > deadline and not (self.samples and any(self.samples[-1].ends)):
                raise TimeoutError(f"no output within {START_S:.0f} s: {self._stage.last_words()}")
            time.sleep(0.1)

    def _still_s(self) -> float:
        if not self.samples or not any(self.samples[-1].ends):
            return 0.0
        newest = self.samples[-1]
        changed_s = next((one.at_s for one in reversed(self.samples) if one.ends != newest.ends), newest.at_s)
        return newest.at_s - changed_s

    def _look(self) -> None:
        while self._popen.poll() is None and not self._ending.wait(EVERY_S):
            self.samples.append(self._sample())

    def _sample(self) -> Sample:
        ends, at_s = committed_ends(self._admin, self._partitions), time.monotonic()
        worker, broker = self._worker.cpu_times(), self._broker.cpu_times()
        return Sample(
            at_s, ends, worker.user + worker.system, broker.user + broker.system,
            self._worker.memory_info().rss / 2**20,
        )  # fmt: skip


def committed_ends(admin: AdminClient, partitions: list[TopicPartition]) -> tuple[int, ...]:
    """Where a reader of committed records would stop, per partition."""
    latest = cast("OffsetSpec", OffsetSpec.latest())  # type: ignore[no-untyped-call]  # confluent's
    futures = admin.list_offsets(dict.fromkeys(partitions, latest), isolation_level=IsolationLevel.READ_COMMITTED)
    return tuple(int(futures[place].result().offset) for place in partitions)
