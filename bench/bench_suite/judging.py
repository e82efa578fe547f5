"""How fast what actors do is judged, and how soon an alert and a control follow from it."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from confluent_kafka import Producer

from bench_suite.system import BenchSystem, MeasuredProcess, await_that, system
from master_orchestrator.client.judge_requests import ask_judge, request_about
from master_orchestrator.readers.topics import TopicReader, partition_of
from master_orchestrator_agents.controls import HeldTo
from master_orchestrator_agents.runner.control_reader import ControlReader
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import consumer_config, producer_config
from master_orchestrator_schemas.messages import Activity, Alert, SessionAct
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActorKind,
    ActOutcome,
    AgentType,
    AlertKind,
    ControlLevel,
    DeniedBy,
    UebaAction,
)

CODEC = Codec()
READ = SessionAct(action=Action.READ, resource="center_capacity", rows=30, max_rows=30)
WORK = (READ, SessionAct(action=Action.WRITE, resource="appointment"))
BREACH = SessionAct(
    action=Action.DELETE,
    resource="audit_log",
    outcome=ActOutcome.DENIED,
    error=ActError.DENIED,
    denied_by=DeniedBy.LINE,
)
SCHEDULING = f"{ActorKind.AGENT}:{AgentType.SCHEDULING}"
ROGUE = f"{ActorKind.AGENT}:{AgentType.FEEDBACK}"
POLL_S = 0.002
WAIT_S = 60.0


def judging(backlog: int = 200_000, rate: int = 300, breaches: int = 100, blocks: int = 20) -> dict[str, float]:
    """Sessions per second of one ueba worker; act to alert, and alert to the control that a runner obeys, at a rate.

    ``backlog``: sessions of one agent that wait at first. ``rate``: sessions per second afterwards, between
    ``breaches`` by as many actors, and ``blocks`` of one agent.
    """
    with system() as own:
        sender = ActivitySender(own)
        for _ in range(backlog):
            sender.send(SCHEDULING, WORK)
        sender.flush()
        judge = own.start_judge()
        started, cpu_s, done = time.monotonic(), judge.cpu_s(), _judged(judge)
        await_that(lambda: _judged(judge) >= backlog, 600.0)
        took_s, left = time.monotonic() - started, backlog - done
        figures = {"sessions_per_s": left / took_s, "cpu_us_per_session": 1e6 * (judge.cpu_s() - cpu_s) / left}
        with sender.steady(rate):
            alerts_ms = sorted(_act_to_alert(own, sender, breaches))
            controls_ms = sorted(_alert_to_control(own, sender, blocks))
        return {
            **figures,
            "act_to_alert_p50_ms": statistics.median(alerts_ms),
            "act_to_alert_p99_ms": alerts_ms[int(0.99 * (len(alerts_ms) - 1))],
            "alert_to_control_p50_ms": statistics.median(controls_ms),
            "alert_to_control_max_ms": controls_ms[-1],
        }


class ActivitySender:
    """Produces sessions, numbered per actor. Thread-safe."""

    def __init__(self, own: BenchSystem) -> None:
        self._topic = own.topology.topic_of("Activity")
        self._numbers: dict[str, int] = {}
        self._start_ms = time.time_ns() // 1_000_000
        self._lock = threading.Lock()
        self._producer = Producer(
            producer_config(own.kafka, **{"linger.ms": 1, "queue.buffering.max.messages": 2_000_000})
        )

    def send(self, actor: str, acts: tuple[SessionAct, ...]) -> None:
        """Queue one session."""
        with self._lock:
            number = self._numbers.get(actor, 0)
            self._numbers[actor] = number + 1
            session = f"s{number}"
            record = Activity(
                activity_id=f"{session}#{actor}", actor=actor, kind=ActorKind(actor.partition(":")[0]), instance="w@h",
                start_ms=self._start_ms, seq=number, session=session, entity="v-1", at_ms=self._start_ms, acts=acts,
            )  # fmt: skip
            self._producer.produce(self._topic, CODEC.encode(record), actor.encode())
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait for all acknowledgements."""
        self._producer.flush()

    @contextmanager
    def steady(self, rate: int) -> Iterator[None]:
        """Within the block, ``rate`` ordinary sessions a second."""
        stop = threading.Event()

        def run() -> None:
            due = time.monotonic()
            while not stop.wait(max(0.0, due - time.monotonic())):
                self.send(
                    f"agent:{AgentType.SCHEDULING}", (SessionAct(action=Action.READ, resource="center_capacity"),)
                )
                due += 1 / rate

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield
        stop.set()
        thread.join()


def _judged(judge: MeasuredProcess) -> float:
    return judge.metric("master_orchestrator_activity_records_total", outcome="judged")


def _act_to_alert(own: BenchSystem, sender: ActivitySender, breaches: int) -> Iterator[float]:
    """By this machine's clock, from the sending of the session to the alert in a reader's hands, in milliseconds."""
    topic = own.topology.topic_of("Alert")
    with TopicReader(own.kafka, [topic], range(own.topology.partitions), from_end=[topic]) as reader:
        for number in range(breaches):
            actor, began = f"client:rogue-{number}", time.monotonic()
            sender.send(actor, (BREACH,))
            _await_alert(reader, actor, "outside_charter")
            yield 1000 * (time.monotonic() - began)


def _alert_to_control(own: BenchSystem, sender: ActivitySender, blocks: int) -> Iterator[float]:
    """From the alert of the breach to the moment in which an agent's runner is held back, in milliseconds."""
    held_to = HeldTo("w@h", lambda: time.time_ns() // 1_000_000)
    place = own.topology.topic_of("Control"), partition_of(ROGUE, own.topology.partitions)
    control = ControlReader(consumer_config(own.kafka, "bench-controls"), place, ROGUE, held_to, CODEC)
    control.start(lambda: None, threading.Event())
    topic = own.topology.topic_of("Alert")
    with TopicReader(own.kafka, [topic], range(own.topology.partitions), from_end=[topic]) as reader:
        for _ in range(blocks):
            sender.send(ROGUE, (BREACH,))
            _await_alert(reader, ROGUE, "control")
            alerted = time.monotonic()
            _await_level(held_to, ControlLevel.BLOCK)
            yield 1000 * (time.monotonic() - alerted)
            release = request_about(ROGUE, UebaAction.RELEASE, by="bench", reason="the next round")
            ask_judge(own.kafka, own.topology, release, WAIT_S)
            _await_level(held_to, ControlLevel.OBSERVE)
    control.stop()


def _await_alert(reader: TopicReader, actor: str, rule: str) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        for message in reader.poll(POLL_S):
            alert = CODEC.decode(message.value() or b"", Alert)
            details = msgspec.json.decode(alert.details or "{}")
            if alert.kind is AlertKind.BEHAVIOUR and (details["actor"], details.get("rule")) == (actor, rule):
                return
    raise TimeoutError(f"no alert of {actor}")


def _await_level(held_to: HeldTo, level: ControlLevel) -> None:
    until = time.monotonic() + WAIT_S
    while held_to.level is not level:
        if time.monotonic() > until:
            raise TimeoutError(f"not held to {level}")
        time.sleep(POLL_S)
