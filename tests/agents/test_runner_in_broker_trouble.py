"""Brokers that die, move or hang, and a runner that sleeps through its session: nothing is lost, nothing passed by."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka.admin import AdminClient
from support.agent_process import AgentProcess
from support.agent_wire import AGENT, PATIENCE_S, AgentWire, command, running, supervised, wait_for_replies, wait_until

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.provision import provision
from master_orchestrator_agents.runner.consumer import CONSUMER_OVERRIDES
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Lane

pytestmark = pytest.mark.kafka

SHORT_SESSION_S = 6.0
"""The least that brokers allow."""


@pytest.fixture
def short_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONSUMER_OVERRIDES, "session.timeout.ms", int(SHORT_SESSION_S * 1000))


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(tmp_path_factory.mktemp("trio"), brokers=3) as cluster:
        yield cluster


@pytest.fixture
def trio_wire(trio: EmbeddedKafka, topology: Topology) -> Iterator[AgentWire]:
    kafka = KafkaSettings(bootstrap_servers=trio.bootstrap_servers)
    own = topology.model_copy(update={"partitions": 2}).with_prefix(f"t{uuid.uuid4().hex[:8]}-")
    provision(AdminClient(admin_config(kafka)), own)
    wire = AgentWire(kafka, own)
    yield wire
    wire.consumer.close()


@contextmanager
def load(wire: AgentWire) -> Iterator[list[Command]]:
    """Commands of many vehicles in two lanes, one after the other, until the end; those that brokers have taken."""
    sent: list[Command] = []
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.01):
            number = len(sent)
            each = command(number, f"v{number % 50}", (Lane.ROUTINE, Lane.HIGH)[number % 2])
            wire.send(each)
            sent.append(each)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join(PATIENCE_S)


def coordinator_of(wire: AgentWire) -> int:
    """Which broker keeps the runners' group; counted from 0, as in EmbeddedKafka."""
    group = f"{wire.topology.app_id}-agent-{AGENT.lower()}"
    admin = AdminClient(admin_config(wire.kafka))  # has to outlive the call
    described = admin.describe_consumer_groups([group])[group].result(timeout=30)
    assert described.coordinator is not None
    return int(described.coordinator.id) - 1


def await_rest(wire: AgentWire, sent: list[Command]) -> None:
    wait_for_replies(wire, sent)
    wait_until(lambda: wire.committed() == len(sent), "all commits")
    assert [] == wire.dead_letters()


def test_the_coordinator_dies_and_returns(trio: EmbeddedKafka, trio_wire: AgentWire) -> None:
    with running(trio_wire, lambda _: None, worker_id="w"), load(trio_wire) as sent:
        wait_until(lambda: len(sent) > 50, "the load")
        wait_for_replies(trio_wire, sent[:50])
        first = coordinator_of(trio_wire)
        trio.kill(first)
        try:
            seen = len(sent)
            wait_until(lambda: len(sent) > seen + 50, "brokers that take commands again")
            wait_for_replies(trio_wire, sent[: seen + 50])
            assert coordinator_of(trio_wire) != first
        finally:
            trio.restart(first, timeout_s=150)
        seen = len(sent)
        wait_until(lambda: len(sent) > seen + 50, "the load, with all brokers")
    with running(trio_wire, lambda _: None, worker_id="w"):
        await_rest(trio_wire, sent)


@pytest.mark.usefixtures("short_sessions")
def test_all_brokers_hang_beyond_the_session(trio: EmbeddedKafka, trio_wire: AgentWire) -> None:
    gate = threading.Event()
    in_hand: list[str] = []

    def handler(task: Task) -> None:
        in_hand.append(task.command_id)
        gate.wait(PATIENCE_S)

    sent = [command(n, f"v{n}") for n in range(40)]
    with supervised(trio_wire, handler, worker_id="w", max_workers=4):
        trio_wire.send(*sent)
        wait_until(lambda: len(in_hand) == 4, "four commands in hand")
        for index in range(3):
            trio.pause(index)
        gate.set()
        time.sleep(SHORT_SESSION_S + 2)
        for index in range(3):
            trio.resume(index)
        await_rest(trio_wire, sent)
        more = [command(1, f"v{n}") for n in range(40)]
        trio_wire.send(*more)
        await_rest(trio_wire, sent + more)


def test_a_runner_ends_while_all_brokers_hang(trio: EmbeddedKafka, trio_wire: AgentWire) -> None:
    gate, started = threading.Event(), threading.Event()

    def handler(_task: Task) -> None:
        started.set()
        gate.wait(PATIENCE_S)

    sent = [command(n, f"v{n}") for n in range(10)]
    trio_wire.send(*sent)
    try:
        with running(trio_wire, handler, worker_id="w", drain_seconds=1.0):
            assert started.wait(PATIENCE_S)
            for index in range(3):
                trio.pause(index)
            gate.set()
    finally:
        for index in range(3):
            trio.resume(index)
    with running(trio_wire, handler, worker_id="w"):
        await_rest(trio_wire, sent)


@pytest.mark.usefixtures("short_sessions")
def test_a_runner_that_sleeps_through_its_session_wakes_as_nobody(
    wire: AgentWire, launch: Callable[[str], AgentProcess]
) -> None:
    zombie = launch("w")
    sent = [command(n, f"v{n}") for n in range(30)]
    wire.send(*sent, partition=0)
    wait_until(lambda: len(zombie.started()) == 4, "four commands in hand")
    zombie.process.send_signal(signal.SIGSTOP)

    with running(wire, lambda _: {"summary": "heir"}, worker_id="heir"):
        wait_until(lambda: wire.committed() == 30, "the heir to do it all")
        zombie.go.touch()
        zombie.process.send_signal(signal.SIGCONT)
        wait_until(lambda: len(wire.replies()) >= 34, "the late replies")
        committed = [wire.committed() for _ in range(10)]
        more = [command(1, f"v{n}", lane) for n in range(30) for lane in (Lane.ROUTINE, Lane.HIGH)]
        wire.send(*more)
        wait_for_replies(wire, more)
        wait_until(lambda: wire.committed() == 90, "all commits")

    first = {reply.command_id: reply for reply in reversed(wire.replies())}
    assert {"heir"} == {first[each.command_id].worker for each in sent}
    assert {30} == set(committed)  # what it had in hand it does not commit
