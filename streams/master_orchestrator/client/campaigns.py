"""Asking the engine for a campaign's work: vehicle by vehicle, at a bounded rate, until the campaign is closed."""

import json
import time
import uuid
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from master_orchestrator.client.asking import answered
from master_orchestrator.client.link import ClusterLink
from master_orchestrator.ports import EngineAnswer
from master_orchestrator.readers.decoding import decoded
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, Campaign, OperatorRequest
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import OperatorAction, Priority

CLOSED = "campaign_closed"
"""The audit trail's name for a closed campaign."""

LOOK_EVERY_S = 2.0


def campaign_request(
    vehicle_id: str,
    action: OperatorAction,
    campaign: Campaign,
    *,
    operator: str,
    priority: Priority | None = None,
    reason: str | None = None,
) -> OperatorRequest:
    """The request about one vehicle."""
    return OperatorRequest(
        vehicle_id=vehicle_id,
        request_id=str(uuid.uuid4()),
        action=action,
        operator=operator,
        priority=priority,
        reason=reason,
        campaign=campaign,
    )


def ask_paced(
    kafka: KafkaSettings, topology: Topology, requests: Iterable[OperatorRequest], *, apart_s: float, timeout: float
) -> Iterator[tuple[OperatorRequest, EngineAnswer]]:
    """Send each request when the one before it is answered and ``apart_s`` seconds old, and yield it with its answer.

    Ends when the campaign is closed meanwhile.
    Raises :class:`BrokerUnreachableError` or :class:`EngineSilentError` after ``timeout`` seconds.
    """
    link = ClusterLink(kafka, topology, history=False)
    link.start()
    try:
        with _CloseWatch(kafka, topology) as closing:
            due = time.monotonic()
            for request in requests:
                time.sleep(max(0.0, due - time.monotonic()))
                if request.campaign is not None and closing.has_seen(request.campaign.campaign_id):
                    return
                due = time.monotonic() + apart_s
                yield request, answered(link, request, timeout)
    finally:
        link.stop()


class _CloseWatch:
    """Looks at the audit trail, from now on, for campaigns that are closed."""

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        audit = topology.topic_of("AuditRecord")
        self._reader = TopicReader(kafka, [audit], range(topology.partitions), from_end=[audit])
        self._codec, self._looked_at, self._closed = Codec(topology.limits), time.monotonic(), set[str]()

    def has_seen(self, campaign_id: str) -> bool:
        """Whether the campaign was closed; as of a few seconds ago at most."""
        if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
            told = [each for each in self._reader.catch_up() if CLOSED.encode() in (each.value() or b"")]
            for record in decoded(told, AuditRecord, self._codec):
                if record.event == CLOSED:
                    self._closed.add(json.loads(record.details)["campaign"])
            self._looked_at = time.monotonic()
        return campaign_id in self._closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
