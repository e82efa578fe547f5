"""A partition's history for the chaos suite's judge: the real engine's, made without a broker."""

import copy
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from chaos_checker.fold import Newest, vehicle_folded
from chaos_checker.folder import sent_of
from chaos_checker.history import PartitionHistory, gathered
from chaos_checker.judge import SCHEMAS
from chaos_checker.partition_rules import changed_state, partition_violations
from chaos_checker.records import Headers, RecordPlace, SentRecord, StoredRecord
from chaos_checker.rules.trails import by_vehicle
from chaos_checker.terms import CheckTerms, read_terms
from chaos_checker.violation import RuleViolation
from chaos_checker.wire import WireSchemas

from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType, FailureKind, OperatorAction, State
from support.engine_partition import PARTITION, EngineOfPartition, InputRecord, PartitionContent, PartitionVehicle

TOPOLOGY = Path(__file__).parents[2] / "topology.yaml"
TELEMETRY = "vehicle.telemetry"
BOOKED = {"appointment_id": "A-1", "workshop_id": "ws-1"}


class Judged:
    """What the judge is given of one partition; a test plants its violation in it."""

    def __init__(self, terms: CheckTerms, wire: WireSchemas, history: PartitionHistory, sent: list[SentRecord]) -> None:
        self.terms, self.wire, self.history, self.sent = terms, wire, history, sent
        self.ends = Counter(place.topic for place in history.inputs)

    @property
    def folds(self) -> dict[str, Newest]:
        """As the judge folds the trails."""
        folded = {v: vehicle_folded(records) for v, records in by_vehicle(self.history.audit).items()}
        return {vehicle: fold for vehicle, fold in folded.items() if fold is not None}

    def violations(self) -> list[RuleViolation]:
        """Of all rules on a partition."""
        return [
            *partition_violations(self.terms, self.wire, self.history, self.sent, self.folds),
            *changed_state(self.terms, self.history, self.folds, {t: self.ends[t] for t in self.terms.inputs}),
        ]


def clean() -> Judged:
    """A history without a violation, of its own for each test."""
    terms, wire, history, sent = _made()
    return Judged(terms, wire, copy.copy(_own(history)), list(sent))


def _own(history: PartitionHistory) -> PartitionHistory:
    """A history whose collections are new; the records in them cannot be changed."""
    return PartitionHistory(**{name: copy.copy(value) for name, value in vars(history).items()})


@cache
def _made() -> tuple[CheckTerms, WireSchemas, PartitionHistory, tuple[SentRecord, ...]]:
    story = Story()
    story.tell()
    terms, wire = read_terms(TOPOLOGY), WireSchemas(SCHEMAS)
    return terms, wire, gathered(terms, wire, PARTITION, stored(story.partition)), tuple(story.sent)


class Story:
    """Vehicles to which all kinds of things happen, and the journal that a load would have written of it."""

    def __init__(self) -> None:
        self.partition, self.sent = PartitionContent(), list[SentRecord]()
        self.engine = EngineOfPartition(load_topology().model_copy(update={"partitions": 1}), self.partition)

    def tell(self) -> None:
        """All of it, to its end."""
        self._serviced()
        self._retried()
        self._exhausted()
        self._raised()
        self._checked()
        self._superseded()
        self._declined()
        self._spoilt()

    def _vehicle(self, name: str) -> PartitionVehicle:
        vehicle = PartitionVehicle(self.engine, name)
        vehicle.wait(60_000)
        return vehicle

    def _serviced(self) -> None:
        vehicle = self._vehicle("serviced")
        self._fault(vehicle, "P0301")
        self._healthy(vehicle)
        self._to_the_end(vehicle)

    def _retried(self) -> None:
        """A time-out, a failure whose agent asks for a longer wait, and a side task that stumbles."""
        vehicle = self._vehicle("retried")
        self._fault(vehicle, "P0562")
        vehicle.tick()
        vehicle.tick(late_ms=20)
        vehicle.fail(retry_after_ms=3_000)
        vehicle.tick()
        vehicle.advance_to(State.FEEDBACK, scheduling=BOOKED)
        vehicle.fail(command=_side(vehicle))
        vehicle.tick()
        self._to_the_end(vehicle)

    def _exhausted(self) -> None:
        """A step and a side task given up; an operator's redrive in between."""
        vehicle = self._vehicle("exhausted")
        self._fault(vehicle, "P0218")
        self._fail_in_every_try(vehicle)
        vehicle.wait(5_000)
        vehicle.operator(OperatorAction.REDRIVE)
        vehicle.advance_to(State.FEEDBACK, scheduling=BOOKED)
        vehicle.fail(FailureKind.PERMANENT, _side(vehicle))
        self._to_the_end(vehicle)

    def _fail_in_every_try(self, vehicle: PartitionVehicle) -> None:
        for _ in range(3):
            vehicle.fail()
            vehicle.tick()
        vehicle.fail()

    def _raised(self) -> None:
        """Issued again on a higher lane; both revisions are answered."""
        vehicle = self._vehicle("raised")
        self._fault(vehicle, "P0128")
        vehicle.wait(500)
        self._fault(vehicle, "P0217")
        first, second = vehicle.commands
        vehicle.reply(command=second)
        vehicle.reply(command=first)
        self._to_the_end(vehicle)

    def _checked(self) -> None:
        vehicle = self._vehicle("checked")
        for name in ("one", "two"):
            vehicle.wait(100)
            vehicle.reading(check_requested=True, request_id=name)
            self._note("check", "checked", request_id=name)
        vehicle.reply({"anomalies": []})

    def _superseded(self) -> None:
        """Another matter while feedback is awaited; a late answer to what was replaced."""
        vehicle = self._vehicle("superseded")
        self._fault(vehicle, "P0128")
        vehicle.advance_to(State.FEEDBACK, scheduling=BOOKED)
        late = next(c for c in vehicle.commands if c.agent is AgentType.DIAGNOSIS)
        side = _side(vehicle)
        vehicle.wait(1_000)
        self._fault(vehicle, "P0217")
        vehicle.reply(command=side)
        self._to_the_end(vehicle)
        vehicle.wait(1_000)
        self._fault(vehicle, "P0700")
        self._to_the_end(vehicle)
        vehicle.reply(command=late)

    def _declined(self) -> None:
        vehicle = self._vehicle("declined")
        self._fault(vehicle, "P0217")
        vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
        vehicle.reply({"answer": "DECLINE"})

    def _spoilt(self) -> None:
        vehicle = self._vehicle("spoilt")
        self.engine.apply(InputRecord(TELEMETRY, vehicle.at_ms, b"spoilt", b"\x7fELF"))
        self._note("dead:undecodable", "spoilt", size=4)
        vehicle.reading(ts_ms=vehicle.at_ms + 3_600_000)
        self._note("dead:future_timestamp", "spoilt")
        self.engine.apply(InputRecord("agent.replies", vehicle.at_ms, b"spoilt", b"{}"))
        self._note("dead:json_not_allowed", "spoilt", topic="agent.replies")

    def _fault(self, vehicle: PartitionVehicle, code: str) -> None:
        vehicle.fault(code)
        self._note("finding", vehicle.vehicle_id, rule=f"dtc:{code}")

    def _healthy(self, vehicle: PartitionVehicle) -> None:
        """And the same bytes again, which change nothing."""
        vehicle.wait(10)
        vehicle.reading()
        self._note("none", vehicle.vehicle_id)
        vehicle.reading()
        self._note("none", vehicle.vehicle_id, strict=True)

    def _to_the_end(self, vehicle: PartitionVehicle) -> None:
        vehicle.advance_to(State.COMPLETED, scheduling=BOOKED)
        if vehicle.workflow.side is not None:
            vehicle.reply(command=_side(vehicle))

    def _note(self, expects: str, vehicle: str, *, topic: str = TELEMETRY, **fields: Any) -> None:
        inputs = [given for given in self.partition.inputs if given.topic == topic]
        line = {"topic": topic, "partition": PARTITION, "offset": len(inputs) - 1, "acked": True, "vehicle": vehicle}
        line |= {"expects": expects, "strict": False, "rule": None, "request_id": None}
        line |= {"size": len(inputs[-1].value), "shot": _shot(topic, len(inputs) - 1), **fields}
        self.sent.append(sent_of(line, needed=True))


def _side(vehicle: PartitionVehicle) -> Any:
    return [c for c in vehicle.commands if c.agent is AgentType.MANUFACTURING_QUALITY][-1]


def _shot(topic: str, offset: int) -> str:
    return f"{topic}-{offset}"


def stored(partition: PartitionContent) -> list[StoredRecord]:
    """A partition's records as they would stand in their topics; the inputs with the load's header."""
    offsets: Counter[str] = Counter()
    times: dict[RecordPlace, int] = {}
    records = []

    def add(topic: str, at_ms: int, key: bytes, value: bytes | None, headers: Headers) -> RecordPlace:
        place = RecordPlace(topic, PARTITION, offsets[topic])
        offsets[topic] += 1
        records.append(StoredRecord(place, at_ms, key, value, headers))
        return place

    for given in partition.inputs:
        marked = (("chaos-shot", _shot(given.topic, offsets[given.topic]).encode()),)
        times[add(given.topic, given.at_ms, given.key, given.value, marked)] = given.at_ms
    for output in (*partition.outputs, *partition.commands, *partition.outbox):
        headers = tuple(output.headers or ())
        told = {name: (value or b"").decode() for name, value in headers}
        if int(told.get("dead_letter_offset", -1)) >= 0:
            name = _shot(told["dead_letter_topic"], int(told["dead_letter_offset"]))
            headers = (("chaos-shot", name.encode()), *headers)
        add(output.topic, 0, output.key, output.value, headers)
    for key, value in partition.table.items():
        add("master-orchestrator-vehicles-changelog", 0, key, value, ())
    return records
