"""Requests, asked and answered: one of an operator, or many at a bounded rate."""

import getpass
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import TimeoutError as NotInTime
from typing import TypeVar

from master_orchestrator.client.link import ClusterLink
from master_orchestrator.client.pending import KafkaPending
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.ports import EngineAnswer, rejection_of, waitable
from master_orchestrator.readers.topics import vehicle_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import OperatorRequest
from master_orchestrator_schemas.registry import Request
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import OperatorAction

R = TypeVar("R", bound=Request)


class NoAnswer(str):
    """Why nothing is known of a request: no answer came, so the engine may take it yet."""

    __slots__ = ()


def this_user() -> str:
    """The user this process runs as: by name, or by number where the system has no name for it, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return f"uid {os.getuid()}"


def operator_request(
    workflow_id: str, action: OperatorAction, *, operator: str | None = None, reason: str | None = None
) -> OperatorRequest:
    """The request, in the name of ``operator`` (by default the user this process runs as)."""
    return OperatorRequest(
        vehicle_id=vehicle_of(workflow_id),
        workflow_id=workflow_id,
        request_id=str(uuid.uuid4()),
        action=action,
        operator=operator or this_user(),
        reason=reason,
    )


def ask(kafka: KafkaSettings, topology: Topology, request: OperatorRequest, timeout: float) -> EngineAnswer:
    """Send a request and wait for the engine's answer.

    Raises :class:`BrokerUnreachableError` or :class:`EngineSilentError` after ``timeout`` seconds.
    """
    link = ClusterLink(kafka, topology, history=False)
    link.start()
    try:
        return answered(link, request, timeout)
    finally:
        link.stop()


def answered(link: ClusterLink, request: OperatorRequest, timeout: float) -> EngineAnswer:
    """Send a request over a link that is up, and wait for the answer. Raises :class:`EngineSilentError`."""
    pending = link.submit(request)
    try:
        return pending.answer.result(waitable(timeout))
    except NotInTime:
        raise pending.overdue(timeout) from None


def ask_all(
    kafka: KafkaSettings,
    topology: Topology,
    requests: Iterable[R],
    *,
    per_second: float,
    timeout: float,
) -> Iterator[tuple[R, str | None]]:
    """Send at most N per second, then yield each with the reason why it was rejected, None if it was accepted.

    Of one whose answer has not come ``timeout`` seconds after the last was sent the reason is a :class:`NoAnswer`.
    """
    link = ClusterLink(kafka, topology, history=False)
    link.start()
    try:
        sent = list(_paced(link, requests, 1.0 / per_second))
        until = time.monotonic() + timeout
        for request, pending in sent:
            yield request, _outcome(pending, timeout, until)
    finally:
        link.stop()


def _paced(link: ClusterLink, requests: Iterable[R], apart_s: float) -> Iterator[tuple[R, KafkaPending]]:
    due = time.monotonic()
    for request in requests:
        time.sleep(max(0.0, due - time.monotonic()))
        yield request, link.submit(request)
        due = time.monotonic() + apart_s


def _outcome(pending: KafkaPending, timeout: float, until: float) -> str | None:
    try:
        return rejection_of(pending.answer.result(waitable(max(0.0, until - time.monotonic()))))
    except NotInTime:
        return NoAnswer(pending.overdue(timeout))
    except OrchestratorError as error:
        return NoAnswer(error)
