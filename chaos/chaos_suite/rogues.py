"""Rogues: operators of the load who do what their charter denies. What must be found of them follows from the seed.

Each record is one act that the guard denied. A rogue does several kinds of it, each one to three times; some records
are written again, as a writer does that was killed before it knew. So each kind is one finding, with as many acts as
the rogue has done (``rogues.jsonl`` has a line for each acknowledged record). The last kind is done once, at the end:
with its finding the app tells of all the others.
"""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import KafkaError, Message, Producer

from chaos_suite.journal import Journal, now_ms
from chaos_suite.senders import DELIVERY_MS, serve
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings, place_of, producer_config
from master_orchestrator_schemas.messages import Activity, SessionAct
from master_orchestrator_schemas.messages.activity import activity_id
from master_orchestrator_schemas.places import Place
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActError, Action, ActorKind, ActOutcome, DeniedBy

NAME = "operator:rogue-"
FILE = "rogues.jsonl"
INSTANCE = "rogue@chaos"
EVERY_S = 0.5
KINDS = (3, 6)
"""Of breaches of one rogue: few enough to be told apart in an hour."""
MAX_TIMES = 3
AGAIN = 0.3
"""The share of records that are written again."""
START_MS = 1_750_000_000_000
_POLL_S = 0.1


def rogues(seed: int, topology: Topology) -> Iterator[list[Activity]]:
    """The records of one rogue after the other, without end."""
    number = 0
    denied = _denied(topology)
    while True:
        yield _records(random.Random(f"{seed}/rogue/{number}"), f"{NAME}{number}", denied)
        number += 1


def _records(draw: random.Random, actor: str, denied: list[tuple[Action, str]]) -> list[Activity]:
    *kinds, last = draw.sample(denied, draw.randint(*KINDS))
    todo = [kind for kind in kinds for _ in range(draw.randint(1, MAX_TIMES))]
    draw.shuffle(todo)
    made = [_record(actor, seq, *kind) for seq, kind in enumerate([*todo, last])]
    sent = []
    for record in made[:-1]:
        sent.append(record)
        if draw.random() < AGAIN:
            sent.append(draw.choice(sent))
    return [*sent, made[-1]]


def _record(actor: str, seq: int, action: Action, resource: str) -> Activity:
    act = SessionAct(
        action=action, resource=resource, outcome=ActOutcome.DENIED, error=ActError.DENIED, denied_by=DeniedBy.LINE
    )
    session = f"{actor}/{seq}"
    return Activity(
        activity_id=activity_id(session, INSTANCE, START_MS, seq), actor=actor, kind=ActorKind.OPERATOR,
        instance=INSTANCE, start_ms=START_MS, seq=seq, session=session, at_ms=START_MS, outcome=ActOutcome.DENIED,
        acts=(act,),
    )  # fmt: skip


def _denied(topology: Topology) -> list[tuple[Action, str]]:
    """What no line of an operator's charter allows."""
    allowed = {pair for line in topology.charter_of(NAME) or () for pair in line.pairs}
    return [(action, name) for action in Action for name in topology.resources if (action, name) not in allowed]


class RogueLoad:
    """Sends the records one by one; each is sent until it is acknowledged."""

    def __init__(self, seed: int, kafka: KafkaSettings, topology: Topology, folder: Path) -> None:
        self._rogues = rogues(seed, topology)
        self._kafka, self._codec, self._topic = kafka, Codec(topology.limits), topology.topic_of("Activity")
        self._journal = Journal(folder / FILE)
        self._producer = self._new_producer()

    def run(self, stopping: threading.Event, *, finish_s: float) -> None:
        """Until ``stopping``, and the last rogue to its end. Raises TimeoutError after ``finish_s`` more seconds."""
        end_s: float | None = None
        with self._journal:
            while not stopping.is_set():
                for record in next(self._rogues):
                    if stopping.wait(EVERY_S):
                        end_s = end_s or time.monotonic() + finish_s
                    self._send(record, end_s)

    def _send(self, record: Activity, end_s: float | None) -> None:
        while (place := self._tried(record)) is None:
            if end_s is not None and time.monotonic() > end_s:
                raise TimeoutError(f"{record.activity_id} was not acknowledged")
            self._producer = self._new_producer()  # this one has given up, and may have lost its place for good
        at = {"topic": place.topic, "partition": place.partition, "offset": place.offset}
        self._journal.write({"activity_id": record.activity_id, "actor": record.actor, **at, "at_ms": now_ms()})

    def _tried(self, record: Activity) -> Place | None:
        """Where it is; None: it may be there or not."""
        reports: list[Place | None] = []

        def report(error: KafkaError | None, message: Message) -> None:
            reports.append(None if error else place_of(message))

        self._producer.produce(
            self._topic, self._codec.encode(record), record.actor.encode(), headers=[], on_delivery=report
        )
        while not reports:
            serve(self._producer, _POLL_S)
        return reports[0]

    def _new_producer(self) -> Producer:
        return Producer(producer_config(self._kafka, **{"message.timeout.ms": DELIVERY_MS}))
