"""What a record waits at a steady rate: from when it is due until a reader has its output, committed."""

import statistics
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from bench_suite.contenders import UnavailableError
from bench_suite.stream_job.engines import JobPeer
from bench_suite.stream_job.job import KEYS, PARTITIONS, VALUE_BYTES
from bench_suite.stream_job.stage import JobStage, stage
from confluent_kafka import Consumer, Producer, TopicPartition

from master_orchestrator_schemas.kafka import consumer_config, producer_config

RATE = 300
START_S = 180.0
ANSWER_S = 30.0
PROBE_S = 0.2
_DUE = struct.Struct(">q")
_COUNT_BYTES = 8
"""An output begins with the count; then comes the beginning of the input."""


class Spell(NamedTuple):
    """Seconds at the steady rate: without looking, then measured."""

    warm_up: int
    measured: int


FULL, QUICK = Spell(10, 20), Spell(3, 5)


class InputTimes(NamedTuple):
    """When an input was due, and when its output was read; monotonic nanoseconds."""

    due: int
    seen: int


class Latency:
    """A job at ``RATE`` records per second."""

    def __init__(self, job: JobPeer) -> None:
        self.name, self.terms, self._job = job.name, job.terms, job

    def prepare(self, home: Path) -> None:
        """Install what the job needs."""
        self._job.prepare(home)

    def measure(self, *, quick: bool) -> dict[str, float]:
        """One run on a broker of its own."""
        spell = QUICK if quick else FULL
        with stage() as where:
            self._job.create(where)
            sender = PacedSender(where, self._job.input_topic)
            with answers(where, self._job.watched_topic) as seen, where.worker(self._job.command(where)) as worker:
                _await_start(where, sender, seen, worker)
                sender.steadily(spell.warm_up)
                broker, engine = psutil.Process(where.broker_pid), psutil.Process(worker.pid)
                before, begin = (_cpu_s(engine), _cpu_s(broker)), time.monotonic_ns()
                sender.steadily(spell.measured)
                after = _cpu_s(engine), _cpu_s(broker)
                _await_answers(seen, sender.sent)
        waits = sorted((one.seen - one.due) / 1e6 for one in list(seen) if one.due >= begin)
        return {
            "p50_ms": statistics.median(waits),
            "p99_ms": waits[len(waits) * 99 // 100],
            "most_ms": waits[-1],
            "worker_cpu_percent": 100 * (after[0] - before[0]) / spell.measured,
            "broker_cpu_percent": 100 * (after[1] - before[1]) / spell.measured,
            "outputs_missing": sender.sent - len(seen),
        }


class PacedSender:
    """Sends records of all keys in turn, each with the moment it was due."""

    def __init__(self, where: JobStage, topic: str) -> None:
        self.sent = 0
        self._topic, self._filler = topic, bytes(VALUE_BYTES - _DUE.size)
        self._producer = Producer(producer_config(where.kafka, **{"linger.ms": 0}))

    def steadily(self, seconds: float) -> None:
        """``RATE`` records each second."""
        begin = time.monotonic_ns()
        for number in range(int(RATE * seconds)):
            due = begin + number * 1_000_000_000 // RATE
            time.sleep(max(0.0, (due - time.monotonic_ns()) / 1e9))
            self.send(due)

    def send(self, due: int) -> None:
        """One record."""
        key = b"vehicle-%04d" % (self.sent % KEYS)
        self._producer.produce(self._topic, _DUE.pack(due) + self._filler, key)
        self._producer.poll(0)
        self.sent += 1


@contextmanager
def answers(where: JobStage, topic: str) -> Iterator[list[InputTimes]]:
    """A list that grows as outputs are read, in a thread."""
    consumer = Consumer(consumer_config(where.kafka, "bench-latency"))
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    seen: list[InputTimes] = []
    ending = threading.Event()

    def read() -> None:
        while not ending.is_set():
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                (due,) = _DUE.unpack_from(message.value() or b"", _COUNT_BYTES)
                seen.append(InputTimes(due, time.monotonic_ns()))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        ending.set()
        thread.join()
        consumer.close()


def _await_start(where: JobStage, sender: PacedSender, seen: list[InputTimes], worker: subprocess.Popen[bytes]) -> None:
    """Send now and then until all that was sent is answered."""
    deadline = time.monotonic() + START_S
    while not seen or len(seen) < sender.sent:
        if worker.poll() is not None:
            raise UnavailableError(f"its worker has ended: {where.last_words()}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"no output within {START_S:.0f} s: {where.last_words()}")
        if not seen:
            sender.send(time.monotonic_ns())
        time.sleep(PROBE_S)


def _await_answers(seen: list[InputTimes], sent: int) -> None:
    deadline = time.monotonic() + ANSWER_S
    while len(seen) < sent and time.monotonic() < deadline:
        time.sleep(PROBE_S)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
