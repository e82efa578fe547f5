"""One operator's request, asked and answered."""

import getpass
import uuid
from concurrent.futures import TimeoutError as NotInTime

from master_orchestrator.client.link import ClusterLink
from master_orchestrator.ports import Answer
from master_orchestrator.readers.topics import vehicle_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import OperatorRequest
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import OperatorAction


def operator_request(
    workflow_id: str, action: OperatorAction, *, operator: str | None = None, reason: str | None = None
) -> OperatorRequest:
    """The request, in the name of ``operator`` (by default the user this process runs as)."""
    return OperatorRequest(
        vehicle_id=vehicle_of(workflow_id),
        workflow_id=workflow_id,
        request_id=str(uuid.uuid4()),
        action=action,
        operator=operator or getpass.getuser(),
        reason=reason,
    )


def ask(kafka: KafkaSettings, topology: Topology, request: OperatorRequest, timeout: float) -> Answer:
    """Send a request and wait for the engine's answer.

    Raises :class:`BrokerUnreachableError` or :class:`EngineSilentError` after ``timeout`` seconds.
    """
    link = ClusterLink(kafka, topology, history=False)
    link.start()
    try:
        pending = link.submit(request)
        return pending.answer.result(timeout)
    except NotInTime:
        raise pending.overdue(timeout) from None
    finally:
        link.stop()
