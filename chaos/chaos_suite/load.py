"""The load: gateways that open workflows, and a line of ``sent.jsonl`` for every record, with what must come of it.

What the engine must have made of a record follows from its line. "The record" is the one at ``topic``, ``partition``,
``offset`` (but see ``shot``); "its cause" in an audit record is that place.

``acked``
    true: the broker has acknowledged it (acks=all, so at least two replicas have it), or its transaction is committed.
    All that follows is meant for these lines only, with one exception (``none`` of an aborted transaction).
    false: it may be there or not (``partition`` and ``offset`` are null); if it is, its header ``chaos-shot`` has the
    line's ``shot``, and the expectation may have come true or not. So it is too with a record of which the broker has
    only said, when asked again, that it has it already, and not where. One shot can have several lines: each but the
    last is of an attempt whose transaction was aborted.
``shot``
    A record may be in its topic more than once. Where brokers die with their answers, an idempotent producer starts
again under another epoch, and sends again what is there already; then it is told the last place. All its places
    have the header ``chaos-shot``, and are in one partition. What is expected holds of the first of them; of each later
    one, what holds of a copy: ``finding`` becomes ``none`` and ``strict``, ``check`` and ``dead:…`` stay.
``given``
    Names of other shots. The expectation is judged only if each of them has an acked line.
``expects``
    ``finding``: a reading with a trouble code (``rule``; ``code`` is the DTC, null for a J1939 fault) that this vehicle
        has never sent before, newer than all its readings before. There is exactly one audit record with this cause
        whose event is ``workflow_opened`` or ``findings_folded``, its details' ``findings`` contain ``rule``, and its
        vehicle is ``vehicle``. (Others may have the same cause: the first steps of a workflow that opens, a
        ``priority_changed``, the ``workflow_completed`` of one that waited for feedback.) No dead letter.
    ``check``: a reading that asks for a check. There is exactly one audit record with this cause whose event is
        ``workflow_opened`` or ``check_joined`` and whose details' ``request_id`` is the line's ``request_id``. A copy
        of such a reading (``copy`` true) asks again: the same holds for its own place. No dead letter.
    ``none`` and ``strict``: no audit record at all has this cause, and no dead letter comes from it. These are copies
        (``copy`` true: the same bytes again) and readings that a younger one of their vehicle has overtaken; if they
        report a fault, no workflow of the vehicle ever knows a ``rule`` that only such lines report. With ``acked``
        false, ``none`` and ``strict`` mean that the record's transaction was aborted, which is certain: the same holds
        of its place, as far as that is known, and nothing may have come of it.
    ``none``, not ``strict``: a healthy reading. No dead letter. Most cause nothing; but it may open a workflow, or be
        folded into one, for a finding that an earlier reading of the vehicle reported and that still stands (reported
        while a workflow was too far on to take it into account: that workflow's end sets no cool-down for it).
    ``dead:<reason>``: exactly one dead letter has this place as its origin, with that reason, and value, key and the
        header ``chaos-shot`` as they were sent. No audit record has this cause.

Every workflow of a vehicle ``chaos-…`` is opened by a record of this journal. Not in it, and to be expected all the
same: dead letters of the engine's own (``retries_exhausted``, for commands: about 1 workflow in 300 fails in every try
on purpose) and of repeats that arrive after a newer workflow has replaced theirs (``superseded_workflow``: a workshop's
event or an agent's reply, sent again after a restart).

A run's choices follow from the seed; only the times, and what is acknowledged, do not.
"""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from chaos_suite.acts import acts
from chaos_suite.gateways import LoadGateway, Pace
from chaos_suite.rogues import RogueLoad
from chaos_suite.senders import PlainSender
from chaos_suite.sent import SentJournal
from chaos_suite.transactions import TransactionalSender
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

PLAIN = ("gateway-1", "gateway-2", "gateway-3")
TRANSACTIONAL = "gateway-4"
BURST = 10.0
FINISH_S = 180.0


class ChaosLoad:
    """Four gateways, one of them with transactions, with vehicles of their own; and rogues (:mod:`rogues`).

    Args:
        journal_folder: where ``sent.jsonl`` and ``rogues.jsonl`` are written.
        workflows_per_s: acts begun per second by all gateways together; nearly every act opens one workflow.
    """

    def __init__(
        self, *, kafka: KafkaSettings, topology: Topology, seed: int, journal_folder: Path, workflows_per_s: float
    ) -> None:
        self._sent = SentJournal(journal_folder)
        self._pace = Pace(workflows_per_s / (len(PLAIN) + 1))
        self._stopping = threading.Event()
        self._gateways = [
            LoadGateway(acts(seed, name, ghosts=False), self._pace, PlainSender(name, kafka, self._sent), topology)
            for name in PLAIN
        ]
        sender = TransactionalSender(TRANSACTIONAL, kafka, self._sent)
        self._gateways.append(LoadGateway(acts(seed, TRANSACTIONAL, ghosts=True), self._pace, sender, topology))
        self._rogues = RogueLoad(seed, kafka, topology, journal_folder)
        self._pool = ThreadPoolExecutor(len(self._gateways) + 1, thread_name_prefix="gateway")
        self._running: list[Future[None]] = []

    @property
    def sent(self) -> int:
        """Records handed over so far."""
        return self._sent.sent

    @property
    def acked(self) -> int:
        """Records acknowledged so far."""
        return self._sent.acked

    @property
    def opened(self) -> int:
        """Acknowledged records so far that are to open a workflow, or join one that is still open."""
        return self._sent.opened

    def start(self) -> None:
        """Begin."""
        run = [*(gateway.run for gateway in self._gateways), self._rogues.run]
        self._running = [self._pool.submit(one, self._stopping, finish_s=FINISH_S) for one in run]

    def burst(self, seconds: float) -> None:
        """Ten times the load; returns when it is over, or when the load has ended."""
        self._pace.factor = BURST
        self._stopping.wait(seconds)
        self._pace.factor = 1.0

    def stop(self) -> None:
        """End the load, and wait until each record is acknowledged or given up; raises what broke a gateway."""
        self._stopping.set()
        try:
            for running in self._running:
                running.result()
        finally:
            self._pool.shutdown()
            self._sent.close()
