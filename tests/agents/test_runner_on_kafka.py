"""What a runner promises, on a real Kafka: order, lanes, replies before commits, nothing lost whatever dies."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from confluent_kafka.admin import AdminClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.agent_process import AgentProcess
from support.agent_wire import AGENT, PATIENCE_S, AgentWire, command, running, wait_for_replies, wait_until

from master_orchestrator.cluster.provision import provision
from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.handler import Handler, batch_handler
from master_orchestrator_agents.runner.agent_runner import AgentRunner
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import Tracing
from master_orchestrator_schemas.vocabulary import FailureKind, Lane

pytestmark = pytest.mark.kafka

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_reply_carries_the_result_the_key_and_the_trace_of_its_command(wire: AgentWire) -> None:
    wire.send(command(1, "v1", Lane.HIGH), traceparent=TRACEPARENT)
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    with running(wire, lambda task: {"summary": task.model.dtcs[0]}, worker_id="w7", tracing=Tracing(provider)):
        wait_until(wire.replies, "a reply")

    (reply,), (record,) = wire.replies(), wire.outputs
    assert ("v1~1/DIAGNOSIS/0/0", "w7") == (reply.command_id, reply.worker)
    assert reply.result is not None
    assert "P0128" == reply.result["summary"]
    headers = dict(record.headers() or [])
    assert (record.key(), headers["traceparent"]) == (b"v1", TRACEPARENT.encode())
    assert b"v1~1/DIAGNOSIS/0/0" == headers["ce_id"]
    (span,) = exporter.get_finished_spans()
    assert ("handle DIAGNOSIS", True) == (span.name, span.status.is_ok)
    assert span.parent is not None
    assert TRACEPARENT[3:-3] == f"{span.parent.trace_id:032x}-{span.parent.span_id:016x}"


def test_a_vehicles_commands_are_handled_one_at_a_time_and_others_in_parallel(wire: AgentWire) -> None:
    vehicles = [f"v{number}" for number in range(12)]
    lanes = {Lane.ROUTINE: range(8), Lane.HIGH: range(8, 16)}
    commands = [command(n, v, lane) for lane, numbers in lanes.items() for n in numbers for v in vehicles]
    active: set[str] = set()
    order: list[tuple[str, int, int]] = []
    most = overlaps = 0

    def handler(task: Task) -> None:
        nonlocal most, overlaps
        overlaps += task.vehicle_id in active
        active.add(task.vehicle_id)
        most = max(most, len(active))
        order.append((task.vehicle_id, task.priority, int(task.workflow_id.partition("~")[2])))
        time.sleep(0.002)
        active.discard(task.vehicle_id)

    wire.send(*commands)
    with running(wire, handler, max_workers=6):
        wait_for_replies(wire, commands)

    assert 0 == overlaps
    assert most > 1
    for vehicle, (lane, numbers) in itertools.product(vehicles, lanes.items()):
        assert [n for v, p, n in order if (v, p) == (vehicle, lane.priority)] == list(numbers)


def test_urgent_overtakes_a_backlog(wire: AgentWire) -> None:
    backlog = [command(n, f"v{n}") for n in range(5_000)]
    urgent = command(0, "urgent", Lane.URGENT)
    handled: list[str] = []

    def handler(task: Task) -> None:
        handled.append(task.vehicle_id)
        time.sleep(0.002)

    wire.send(*backlog)
    with running(wire, handler, max_workers=1, drain_seconds=0.5):
        wait_until(lambda: len(handled) > 100, "the backlog to be under way")
        before = len(handled)
        wire.send(urgent)
        wait_until(lambda: "urgent" in handled, "the urgent one")

    assert handled.index("urgent") - before < 500  # a second's worth of the ten that the backlog takes


def test_a_slow_command_among_quick_ones_holds_back_no_other(wire: AgentWire) -> None:
    gate = threading.Event()
    commands = [command(n, f"v{n}") for n in range(1_000)]
    slow = commands[700].command_id

    def handler(task: Task) -> None:
        if task.command_id == slow:
            gate.wait(PATIENCE_S)

    wire.send(*commands)
    with running(wire, handler, max_workers=2):
        wait_for_replies(wire, [each for each in commands if each.command_id != slow])
        assert slow not in wire.replied()
        gate.set()
        wait_for_replies(wire, commands)
    assert dict.fromkeys((each.command_id for each in commands), 1) == wire.replied()


def test_nothing_is_committed_before_its_reply(wire: AgentWire) -> None:
    gate = threading.Event()
    blocked, behind = command(0, "v1"), [command(0, "v2"), command(0, "v3")]

    def handler(task: Task) -> None:
        if task.vehicle_id == "v1":
            gate.wait(PATIENCE_S)

    wire.send(blocked, *behind, partition=0)
    with running(wire, handler):
        wait_for_replies(wire, behind)
        wire.send(command(0, "v4", Lane.URGENT))
        wait_until(lambda: wire.committed() > 0, "the urgent one's commit, made with those of all lanes")
        assert 1 == wire.committed()
        gate.set()
        wait_until(lambda: wire.committed() == 4, "the other commits")
    assert 1 == wire.replied()[blocked.command_id]


def test_a_repeat_is_handled_once_and_answered_again_with_the_same_reply(wire: AgentWire) -> None:
    once = command(0, "v1")
    metrics = Metrics()
    handled: list[str] = []

    def handler(task: Task) -> None:
        handled.append(task.command_id)

    with running(wire, handler, metrics=metrics):
        wire.send(once, once)
        wait_until(lambda: wire.committed() == 2, "both commits")
        wire.send(once)
        wait_until(lambda: wire.committed() == 3, "the late repeat's commit")

    assert [once.command_id] == handled
    first, again = wire.replies()
    assert first == again
    labels = {"agent": AGENT, "lane": Lane.ROUTINE, "reason": "repeat"}
    assert 2 == metrics.registry.get_sample_value("master_orchestrator_commands_skipped_total", labels)


def test_what_is_no_command_goes_to_the_dead_letters_and_the_lane_goes_on(wire: AgentWire) -> None:
    topic = wire.topology.command_topic(AGENT, Lane.URGENT)
    wire.producer.produce(topic, key=b"k", value=b"\xc3\x01poison", headers=[("origin", b"here")], partition=0)
    wire.producer.produce(topic, key=None, value=None, partition=0)
    good = command(0, "v1", Lane.URGENT)
    wire.send(good, partition=0)

    with running(wire, lambda _: None):
        wait_for_replies(wire, [good])
        wait_until(lambda: len(wire.dead_letters()) == 2, "dead letters")
        wait_until(lambda: wire.committed() == 3, "commits")

    letters = {letter.value(): letter for letter in wire.dead_letters()}
    poison = letters[b"\xc3\x01poison"]
    headers = dict(poison.headers() or [])
    assert (b"k", b"here") == (poison.key(), headers["origin"])
    assert (headers["dead_letter_topic"], headers["dead_letter_offset"]) == (topic.encode(), b"0")
    assert b"unknown_schema" == headers["dead_letter_reason"]
    assert None in letters


@pytest.mark.parametrize("ahead_min", [-10, 0, 10])
def test_a_command_past_its_deadline_is_not_handled_whatever_the_hosts_clock_says(
    wire: AgentWire, monkeypatch: pytest.MonkeyPatch, ahead_min: int
) -> None:
    monkeypatch.setattr(
        "master_orchestrator_agents.runner.agent_runner._now_ms", lambda: int(time.time() * 1000) + ahead_min * 60_000
    )
    good, late, next_one = command(0, "v1"), command(1, "v1", within_ms=-1), command(2, "v1")
    good = msgspec.structs.replace(good, deadline_ms=good.issued_at_ms + 60_000)

    with running(wire, lambda _: None):
        wire.send(good)
        wait_until(lambda: wire.committed() == 1, "its commit: the runner has seen the reply's delivery")
        wire.send(late, next_one)
        wait_until(lambda: wire.committed() == 3, "all commits")
        wait_for_replies(wire, [next_one])

    assert wire.replied() == {good.command_id: 1, next_one.command_id: 1}


def test_a_result_too_large_to_send_is_a_permanent_failure(wire: AgentWire) -> None:
    wire.send(command(0, "v1"))

    with running(wire, lambda _: {"blob": "x" * 300_000}):
        wait_until(wire.replies, "a reply")

    failure = wire.replies()[0].failure
    assert failure is not None
    assert (failure.kind, failure.error) == (FailureKind.PERMANENT, "invalid_result")
    assert "262144 are allowed" in failure.message


def test_a_result_as_large_as_the_topology_allows_is_sent(
    kafka: KafkaSettings, kafka_admin: AdminClient, unique_topology: Topology
) -> None:
    wide = unique_topology.model_copy(update={"limits": Limits(max_record="4MiB")})
    provision(kafka_admin, wide)
    wire = AgentWire(kafka, wide)
    wire.send(command(0, "v1"))

    with running(wire, lambda _: {"blob": "x" * 2_000_000}):
        wait_until(wire.replies, "a reply")

    assert [None] == [reply.failure for reply in wire.replies()]
    wire.consumer.close()


def test_async_handlers_run_side_by_side_on_one_loop(wire: AgentWire) -> None:
    commands = [command(0, f"v{n}") for n in range(4)]
    loops: set[asyncio.AbstractEventLoop] = set()
    together = threading.Event()
    arrived = 0

    async def handler(task: Task) -> None:
        nonlocal arrived
        loops.add(asyncio.get_running_loop())
        arrived += 1
        while arrived < 4:
            await asyncio.sleep(0.01)
        together.set()

    wire.send(*commands)
    with running(wire, handler, max_workers=4):
        wait_for_replies(wire, commands)

    assert together.is_set()
    assert 1 == len(loops)


def test_routine_commands_come_in_batches_if_the_handler_takes_them(wire: AgentWire) -> None:
    commands = [command(0, f"v{n}") for n in range(200)]
    sizes: list[int] = []

    @batch_handler(max_size=50)
    def handler(tasks: object) -> list[None]:
        assert isinstance(tasks, list)
        sizes.append(len(tasks))
        return [None] * len(tasks)

    wire.send(*commands)
    with running(wire, handler, max_workers=1):
        wait_for_replies(wire, commands)

    assert 200 == sum(sizes)
    assert 1 < max(sizes) <= 50


def test_a_second_runner_takes_over_partitions_and_nothing_is_lost(wire: AgentWire) -> None:
    commands = [command(n, f"v{v}") for n in range(10) for v in range(60)]
    handled: Counter[str] = Counter()

    def handler(by: str) -> Handler:
        def handle(_task: Task) -> None:
            handled[by] += 1
            time.sleep(0.005)

        return handle

    wire.send(*commands)
    with running(wire, handler("first"), max_workers=1):
        wait_until(lambda: handled["first"] > 20, "the first runner")
        with running(wire, handler("second"), max_workers=1):
            wait_until(lambda: handled["second"] > 20, "the second runner")
        wait_for_replies(wire, commands)
        wait_until(lambda: wire.committed() == len(commands), "all commits")


def test_a_handler_that_outlives_the_drain_is_left_and_its_command_stays(wire: AgentWire) -> None:
    started, gate = threading.Event(), threading.Event()

    def stuck(_task: Task) -> None:
        started.set()
        gate.wait(PATIENCE_S)

    wire.send(command(0, "v1"))
    with running(wire, stuck, drain_seconds=0.2):
        assert started.wait(PATIENCE_S)
    assert 0 == wire.committed()
    gate.set()

    with running(wire, lambda _: {"summary": "again"}):
        wait_until(wire.replies, "the reply of the next runner")
    assert ["again"] == [reply.result and reply.result["summary"] for reply in wire.replies()]


def test_what_ends_during_the_drain_is_committed_while_the_drain_goes_on(wire: AgentWire) -> None:
    started = threading.Semaphore(0)
    gates = {"quick": threading.Event(), "slow": threading.Event()}

    def handler(task: Task) -> None:
        started.release()
        gates[task.vehicle_id].wait(PATIENCE_S)

    wire.send(command(0, "quick"), command(0, "slow"), partition=0)
    with running(wire, handler, drain_seconds=PATIENCE_S) as runner:
        for _ in gates:
            assert started.acquire(timeout=PATIENCE_S)
        runner.stop()
        wait_until(lambda: not runner.health.ready().ok, "the drain")
        gates["quick"].set()
        try:
            wait_until(lambda: wire.committed() == 1, "its commit", seconds=15)
        finally:
            gates["slow"].set()
    assert 2 == wire.committed()


def test_an_async_handler_that_outlives_the_drain_is_cancelled(wire: AgentWire) -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def stuck(_task: Task) -> None:
        started.set()
        try:
            await asyncio.sleep(PATIENCE_S)
        finally:
            cancelled.set()

    wire.send(command(0, "v1"))
    with running(wire, stuck, drain_seconds=0.2):
        assert started.wait(PATIENCE_S)

    assert cancelled.is_set()
    assert 0 == wire.committed()
    assert [] == wire.replies()


def test_a_runner_waits_for_a_broker_that_does_not_answer_and_says_what_to_check(
    topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    runner = AgentRunner(AGENT, lambda _: None, kafka=nobody, topology=topology)
    thread = threading.Thread(target=runner.run)
    with caplog.at_level("WARNING"):
        thread.start()
        try:
            wait_until(lambda: "waiting for Kafka" in caplog.text, "the runner to say what it waits for")
        finally:
            runner.stop()
            thread.join(PATIENCE_S)

    assert not thread.is_alive()
    assert "KAFKA_BOOTSTRAP_SERVERS" in caplog.text


def test_missing_topics_are_named_with_what_to_do(kafka: KafkaSettings, topology: Topology) -> None:
    nowhere = topology.with_prefix("nowhere-")

    with pytest.raises(RunnerError, match=r"nowhere-agent.activity and 5 more.*provision"):
        AgentRunner(AGENT, lambda _: None, kafka=kafka, topology=nowhere).run()


def test_a_task_of_the_handlers_own_that_ends_the_loop_ends_the_runner_with_an_error(wire: AgentWire) -> None:
    async def leave() -> None:
        sys.exit(3)

    async def handler(_task: Task) -> None:
        await asyncio.gather(leave(), asyncio.sleep(PATIENCE_S))

    wire.send(command(0, "v1"))
    with pytest.raises(RunnerError, match=r"SystemExit\(3\)"):
        AgentRunner(AGENT, handler, kafka=wire.kafka, topology=wire.topology).run()


def test_a_runner_killed_in_the_middle_of_a_task_handles_it_again_when_back(
    wire: AgentWire, launch: Callable[[str], AgentProcess]
) -> None:
    slow, quick = [command(0, f"v{n}") for n in range(3)], command(0, "quick", Lane.URGENT)
    first = launch("w")
    wire.send(*slow)
    wait_until(lambda: len(first.started()) == 3, "three of the four workers to be busy")
    wire.send(quick)
    wait_until(lambda: wire.replied()[quick.command_id] == 1, "the reply of the fourth")
    wait_until(lambda: wire.committed() == 1, "its commit, made with those of all lanes")

    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    before = Counter(first.started())
    first.go.touch()
    launch("w")  # the same member, so its partitions come back without waiting for a session time-out
    wait_for_replies(wire, slow)
    wait_until(lambda: wire.committed() == 4, "all commits")

    assert Counter(first.started()) - before == Counter(each.command_id for each in slow)  # one file, both lives
    assert wire.replied() == dict.fromkeys([each.command_id for each in [*slow, quick]], 1)


def test_sigterm_ends_what_is_in_hand_and_loses_nothing(wire: AgentWire, launch: Callable[[str], AgentProcess]) -> None:
    commands = [command(n, f"v{n}") for n in range(200)]
    wire.send(*commands)
    first = launch("w1")
    wait_until(lambda: len(first.started()) >= 4, "all four workers to be busy")
    first.process.send_signal(signal.SIGTERM)
    first.go.touch()

    assert 0 == first.process.wait(PATIENCE_S)
    wait_until(lambda: len(wire.replies()) >= 4, "the replies of what was in hand")
    assert wire.replied() == dict.fromkeys(first.started(), 1)

    launch("w2")
    wait_for_replies(wire, commands)
    assert wire.replied() == {each.command_id: 1 for each in commands}
