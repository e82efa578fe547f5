"""What the load expects of each record, held against the core; its order, its bytes, its outcomes. Without a broker."""

import itertools
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from chaos_suite import transactions
from chaos_suite.acts import FLEET, LAPS, acts
from chaos_suite.codes import OPENING, reported, rule_of
from chaos_suite.gateways import LoadGateway, Pace
from chaos_suite.overrides import OVERRIDES, chaos_topology
from chaos_suite.sent import OutgoingShot, SentJournal
from chaos_suite.shots import Scene
from chaos_suite.spoilt import SPOILT
from chaos_suite.transactions import TransactionalSender
from confluent_kafka import KafkaError, KafkaException

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.intake import Intake
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import step
from master_orchestrator.core.triage import compile_rules, new_trackers, observe
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, Cause, OperatorRequest, Telemetry
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.places import Place
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.topology.loader import default_path, parse_topology
from master_orchestrator_schemas.vocabulary import OperatorAction, Priority

NOW_MS = 1_700_000_000_000


@pytest.fixture(scope="module")
def topology() -> Topology:
    return load_topology(environment={})


@pytest.mark.parametrize("fault", [fault for codes in OPENING.values() for fault in codes])
def test_one_reading_with_a_code_makes_a_finding_of_its_priority(topology: Topology, fault: str) -> None:
    codes = reported(fault, random.Random(1))
    reading = Telemetry(vehicle_id="v", ts_ms=NOW_MS, dtcs=codes.dtcs, j1939=codes.j1939)
    _, seen = observe(compile_rules(topology.triage), new_trackers(), reading)
    (priority,) = [priority for priority, faults in OPENING.items() if fault in faults]
    assert [(rule_of(fault), priority)] == [(finding.rule, finding.priority) for finding in seen.findings]


class Vehicles:
    """The engine's part: intake and core, for records in the order in which they were sent."""

    def __init__(self, topology: Topology) -> None:
        self._intake, self._policy = Intake(topology, Codec(topology.limits)), Policy.from_topology(topology)
        self._partitions = topology.partitions
        self._states: dict[str, VehicleState] = {}
        self._offsets = itertools.count()

    def take(self, outgoing: OutgoingShot, at_ms: int) -> tuple[str | None, list[AuditRecord]]:
        """The dead letter's reason, if it is one, and what it caused."""
        home = partition_of_key(outgoing.key, self._partitions)
        cause = Cause(topic=outgoing.topic, partition=home, offset=next(self._offsets))
        try:
            given = self._intake.take(cause, at_ms=at_ms, key=outgoing.key, value=outgoing.value, headers=[])
        except RejectedError as error:
            return error.rejection.code, []
        return self._step(given)

    def cancel(self, vehicle_id: str, at_ms: int) -> None:
        """End the vehicle's workflow, if one is open."""
        state = self._states.get(vehicle_id)
        if state is None or state.workflow is None or not state.workflow.is_open:
            return
        request = OperatorRequest(
            vehicle_id=vehicle_id, workflow_id=state.workflow.workflow_id, request_id=f"end-{next(self._offsets)}",
            action=OperatorAction.CANCEL, operator="test",
        )  # fmt: skip
        cause = Cause(topic="operator.requests", partition=0, offset=next(self._offsets))
        assert self._step(Input(cause=cause, at_ms=at_ms, body=request, traceparent=None))[1]

    def _step(self, given: Input) -> tuple[str | None, list[AuditRecord]]:
        vehicle_id = given.body.vehicle_id
        outcome = step(self._policy, vehicle_id, self._states.get(vehicle_id), given)
        self._states[vehicle_id] = outcome.state
        reason = None if outcome.rejection is None else outcome.rejection.code
        return reason, [record for record in outcome.audit if record.cause == given.cause]


def as_expected(line: dict[str, Any], reason: str | None, caused: list[AuditRecord]) -> bool:
    """The definition in ``chaos_suite.load``."""
    expects = str(line["expects"])
    events = {record.event: json.loads(record.details) for record in caused}
    if expects.startswith("dead:"):
        return reason == expects.removeprefix("dead:") and not caused
    if reason is not None or len(events) != len(caused):
        return False
    if expects == "finding":
        noticed = [events[name] for name in ("workflow_opened", "findings_folded") if name in events]
        return len(noticed) == 1 and line["rule"] in noticed[0]["findings"]
    if expects == "check":
        answered = [events[name] for name in ("workflow_opened", "check_joined") if name in events]
        return len(answered) == 1 and answered[0].get("request_id") == line["request_id"]
    return not (line["strict"] and caused)


def outgoings(act: Scene, act_ms: int, codec: Codec) -> Iterator[tuple[OutgoingShot, int]]:
    """What is sent, in order, and when; without what is aborted."""
    for shot in act.shots:
        if not shot.aborted:
            reading = shot.stamped(act_ms)
            written = shot.write(reading, codec)
            topic = {"Telemetry": "vehicle.telemetry", "ServiceEvent": "service.events", "Reply": "agent.replies"}
            outgoing = OutgoingShot(shot, topic[written.schema], written.key, written.value, reading.ts_ms)
            yield outgoing, act_ms + int(shot.after_s * 1000)


@pytest.mark.parametrize("ended", ["always", "now and then", "never"])
def test_the_core_does_with_every_record_what_the_journal_expects(
    topology: Topology, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos_suite.acts.FLEET", 20)
    vehicles, codec = Vehicles(topology), Codec(topology.limits)
    seen: set[tuple[object, object]] = set()
    for number, act in enumerate(itertools.islice(acts(7, "gateway-4", ghosts=True), 20 * LAPS * 3)):
        act_ms = NOW_MS + number * 500
        for outgoing, at_ms in outgoings(act, act_ms, codec):
            line = outgoing.line()
            reason, caused = vehicles.take(outgoing, at_ms)
            assert as_expected(line, reason, caused), (line, reason, caused)
            seen.add((line["expects"], line["strict"]))
        if ended == "always" or (ended == "now and then" and number % 3):
            vehicles.cancel(act.vehicle, act_ms + 10_000)
    assert {("finding", False), ("check", False), ("none", False), ("none", True)} <= seen


def test_every_way_to_spoil_a_record_is_refused_for_its_reason(topology: Topology) -> None:
    vehicles, codec, act = Vehicles(topology), Codec(topology.limits), next(acts(1, "g", ghosts=False))
    for reason, write in SPOILT:
        shot = act.shots[0]
        written = write(shot.stamped(NOW_MS), codec)
        topic = topology.topic_of(written.schema)
        outgoing = OutgoingShot(shot, topic, written.key, written.value, NOW_MS)
        assert (reason, []) == vehicles.take(outgoing, NOW_MS)


def test_a_seed_gives_the_same_acts_and_another_seed_others(topology: Topology) -> None:
    codec = Codec(topology.limits)

    def sent(seed: int) -> list[tuple[str, bytes | None]]:
        some = itertools.islice(acts(seed, "gateway-1", ghosts=False), 200)
        return [(o.shot.name, o.value) for act in some for o, _ in outgoings(act, NOW_MS, codec)]

    assert sent(1) == sent(1)
    assert [value for _, value in sent(1)] != [value for _, value in sent(2)]


def test_a_copy_has_the_bytes_of_its_original_and_comes_after_it(topology: Topology) -> None:
    copies, codec = 0, Codec(topology.limits)
    for act in itertools.islice(acts(3, "gateway-1", ghosts=False), 300):
        values: dict[str, bytes | None] = {}
        for outgoing, _ in outgoings(act, NOW_MS, codec):
            if outgoing.shot.copy:
                copies += 1
                assert values[outgoing.shot.name.removesuffix("+")] == outgoing.value
            values[outgoing.shot.name] = outgoing.value
    assert copies > 10


def test_all_priorities_open_and_no_vehicle_repeats_a_code() -> None:
    opening: Counter[Priority] = Counter()
    faults: Counter[tuple[str, str]] = Counter()
    for act in itertools.islice(acts(5, "gateway-1", ghosts=False), FLEET * LAPS):
        for shot in act.shots:
            if shot.fault is not None and not shot.copy:
                faults[act.vehicle, shot.fault] += 1
            if shot.fault is not None and shot.opens:
                opening.update(priority for priority, codes in OPENING.items() if shot.fault in codes)
    assert set(Priority) == opening.keys()
    assert {1} == set(faults.values())


class Noted:
    """A sender that keeps what it was given."""

    def __init__(self) -> None:
        self.taken: list[OutgoingShot] = []
        self.finished = False

    def send(self, batch: list[OutgoingShot]) -> None:
        self.taken += batch

    def poll(self, seconds: float) -> None:
        pass

    def finish(self, timeout_s: float) -> None:
        self.finished = timeout_s > 0


def test_a_vehicle_s_readings_go_out_with_rising_times_though_its_acts_are_due_at_once(topology: Topology) -> None:
    stopping, sender = threading.Event(), Noted()

    def some() -> Iterator[Scene]:
        every = acts(1, "gateway-1", ghosts=False)
        first = list(itertools.islice(every, FLEET * LAPS))
        yield from (act for act in first if act.vehicle in {a.vehicle for a in first[:5]})
        stopping.set()
        yield from every

    LoadGateway(some(), Pace(1_000.0), sender, topology).run(stopping, finish_s=1)
    assert sender.finished
    times: dict[str, list[int]] = {}
    for outgoing in sender.taken:
        if not outgoing.shot.strict and outgoing.shot.expects in {"finding", "none"}:
            times.setdefault(outgoing.shot.reading.vehicle_id, []).append(outgoing.ts_ms)
    assert len(times) >= 5
    assert all(earlier < later for ts in times.values() for earlier, later in itertools.pairwise(ts))


class FakeProducer:
    """A producer with transactions whose calls fail as told: name of the call -> errors, used up one by one."""

    fail: ClassVar[dict[str, list[KafkaError]]] = {}

    def __init__(self, _config: dict[str, Any]) -> None:
        self._reports: list[Any] = []

    def produce(self, *_record: Any, on_delivery: Any, **_more: Any) -> None:
        self._reports.append(on_delivery)

    def __len__(self) -> int:
        return len(self._reports)

    def poll(self, _timeout: float) -> int:
        for number, report in enumerate(self._reports):
            report(None, FakeMessage(number))
        self._reports = []
        return 0

    def purge(self) -> None:
        self._reports = []

    def __getattr__(self, name: str) -> Any:
        def call(*_timeout: float) -> None:
            if self.fail.get(name):
                raise KafkaException(self.fail[name].pop(0))

        return call


class FakeMessage:
    def __init__(self, number: int) -> None:
        self._number = number

    def topic(self) -> str:
        return "vehicle.telemetry"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._number


RETRIABLE = KafkaError(KafkaError._TIMED_OUT, "slow", False, True)
ABORTABLE = KafkaError(KafkaError._TIMED_OUT, "not delivered", False, False, True)
FATAL = KafkaError(KafkaError._FENCED, "fenced", True)


@pytest.mark.parametrize(
    ("fail", "lines"),
    [
        ({}, [("finding", True)]),
        ({"commit_transaction": [RETRIABLE, RETRIABLE]}, [("finding", True)]),
        ({"commit_transaction": [ABORTABLE]}, [("none", False), ("finding", True)]),
        ({"commit_transaction": [ABORTABLE], "abort_transaction": [FATAL]}, [("none", False), ("finding", True)]),
        ({"init_transactions": [FATAL]}, [("none", False), ("finding", True)]),
        ({"commit_transaction": [FATAL]}, [("finding", False)]),
    ],
)
def test_what_becomes_of_a_transaction_is_in_the_journal(
    fail: dict[str, list[KafkaError]],
    lines: list[tuple[str, bool]],
    topology: Topology,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transactions, "Producer", FakeProducer)
    monkeypatch.setattr(transactions, "PAUSE_S", 0.0)
    monkeypatch.setattr(FakeProducer, "fail", {name: list(errors) for name, errors in fail.items()})
    sent = SentJournal(tmp_path)
    sender = TransactionalSender("gateway-4", KafkaSettings(), sent)
    sender.send([finding(topology)])
    sent.close()
    written = journal(tmp_path)
    assert lines == [(line["expects"], line["acked"]) for line in written]
    assert all((line["offset"] is not None) == line["acked"] for line in written if line["expects"] == "finding")
    assert (1, lines[-1][1]) == (sent.sent, sent.acked == 1)


def test_a_ghost_is_aborted_and_expected_to_do_nothing(
    topology: Topology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "Producer", FakeProducer)
    (ghost,) = next(act for act in acts(1, "gateway-4", ghosts=True) if act.shots[0].aborted).shots
    written = ghost.write(ghost.stamped(NOW_MS), Codec(topology.limits))
    sent = SentJournal(tmp_path)
    TransactionalSender("gateway-4", KafkaSettings(), sent).send(
        [OutgoingShot(ghost, "vehicle.telemetry", written.key, written.value, NOW_MS)]
    )
    sent.close()
    (line,) = journal(tmp_path)
    assert ("none", True, False, 0) == (line["expects"], line["strict"], line["acked"], line["offset"])


def finding(topology: Topology) -> OutgoingShot:
    shot = next(shot for act in acts(1, "g", ghosts=False) for shot in act.shots if shot.expects == "finding")
    written = shot.write(shot.stamped(NOW_MS), Codec(topology.limits))
    return OutgoingShot(shot, "vehicle.telemetry", written.key, written.value, NOW_MS)


def journal(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "sent.jsonl").read_text().splitlines()]


def test_the_counts_and_lines_of_a_plain_record(topology: Topology, tmp_path: Path) -> None:
    sent, outgoing = SentJournal(tmp_path), finding(topology)
    for _ in range(2):
        sent.handed_over()
    sent.acknowledged(outgoing, Place(outgoing.topic, 2, 17))
    sent.unknown(outgoing)
    sent.close()
    acked, unknown = journal(tmp_path)
    assert (2, 1, int(outgoing.shot.opens)) == (sent.sent, sent.acked, sent.opened)
    assert (2, 17, True) == (acked["partition"], acked["offset"], acked["acked"])
    assert (None, None, False) == (unknown["partition"], unknown["offset"], unknown["acked"])


def test_the_run_s_topology_differs_in_the_overrides_only() -> None:
    text = chaos_topology(default_path())
    parse_topology(text)
    ours, own = yaml.safe_load(text), yaml.safe_load(default_path().read_text())
    overridden = {name for name in ours if ours[name] != own[name]}
    assert OVERRIDES.keys() == overridden
    for agent, terms in ours["agents"].items():
        changed = {name: value for name, value in terms.items() if own["agents"][agent][name] != value}
        assert changed == OVERRIDES["agents"].get(agent, {})  # type: ignore[attr-defined]  # a mapping
