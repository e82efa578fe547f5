"""``AsyncMasterOrchestrator``: the same orchestrator for an event loop."""

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self, Unpack

from master_orchestrator.client.judge_requests import acknowledgement, request_about
from master_orchestrator.core.transitions import END_STATES
from master_orchestrator.facade.base import OrchestratorBase
from master_orchestrator.facade.fields import (
    AnswerName,
    CampaignFields,
    CustomerAnswerFields,
    ServiceEventFields,
    ServiceEventName,
)
from master_orchestrator.facade.report import AuditLine, WorkflowStatus, workflow_status
from master_orchestrator.facade.requests import accepted, workflow_of
from master_orchestrator.ports import EngineAnswer, Pending
from master_orchestrator.readers.statistics import Statistics
from master_orchestrator_schemas.vocabulary import State, UebaAction


class AsyncMasterOrchestrator(OrchestratorBase):
    """:class:`MasterOrchestrator` for an event loop: the same constructor, methods and errors.

    All methods but ``register_agent`` are awaited, none blocks the loop, and any number of calls may wait at once. Use
    it with ``async with``.
    """

    async def start(self) -> None:
        """See :meth:`MasterOrchestrator.start`."""
        await asyncio.to_thread(self._start)

    async def shutdown(self) -> None:
        """See :meth:`MasterOrchestrator.shutdown`."""
        await asyncio.to_thread(self._shutdown)

    async def receive_vehicle_telemetry(self, vehicle_id: str, telemetry_data: Mapping[str, object]) -> str:
        """See :meth:`MasterOrchestrator.receive_vehicle_telemetry`."""
        return workflow_of(await self._answered(self._submit_reading(vehicle_id, telemetry_data)))

    async def report_service_event(
        self, workflow_id: str, kind: ServiceEventName, **fields: Unpack[ServiceEventFields]
    ) -> None:
        """See :meth:`MasterOrchestrator.report_service_event`."""
        pending = await asyncio.to_thread(self._submit_event, workflow_id, kind, fields)
        accepted(await self._answered(pending))

    async def report_customer_answer(
        self, workflow_id: str, answer: AnswerName, **fields: Unpack[CustomerAnswerFields]
    ) -> None:
        """See :meth:`MasterOrchestrator.report_customer_answer`."""
        pending = await asyncio.to_thread(self._submit_answer, workflow_id, answer, fields)
        accepted(await self._answered(pending))

    async def open_campaign(
        self, campaign_id: str, vehicles: Iterable[str], operation: str, **fields: Unpack[CampaignFields]
    ) -> dict[str, str]:
        """See :meth:`MasterOrchestrator.open_campaign`."""
        return await asyncio.to_thread(self._open_campaign, campaign_id, vehicles, operation, fields)

    async def get_workflow_status(self, workflow_id: str) -> WorkflowStatus:
        """See :meth:`MasterOrchestrator.get_workflow_status`."""
        return workflow_status(await asyncio.to_thread(self._status, workflow_id))

    async def get_audit_trail(self, workflow_id: str) -> list[AuditLine]:
        """See :meth:`MasterOrchestrator.get_audit_trail`."""
        return await asyncio.to_thread(self._audit_trail, workflow_id)

    async def get_vehicle_service(self, vehicle_id: str) -> dict[str, Any]:
        """See :meth:`MasterOrchestrator.get_vehicle_service`."""
        return await asyncio.to_thread(self._vehicle_service, vehicle_id)

    async def get_statistics(self) -> Statistics:
        """See :meth:`MasterOrchestrator.get_statistics`."""
        return await asyncio.to_thread(self._statistics)

    async def explain_actor(self, actor: str) -> dict[str, Any]:
        """See :meth:`MasterOrchestrator.explain_actor`."""
        return await asyncio.to_thread(self._explained, actor)

    async def acknowledge_finding(self, finding_id: str, *, benign: bool, operator: str, reason: str) -> None:
        """See :meth:`MasterOrchestrator.acknowledge_finding`."""
        request = acknowledgement(finding_id, benign=benign, by=operator, reason=reason)
        await asyncio.to_thread(self._decided, "acknowledge_finding", request)

    async def release_actor(self, actor: str, *, operator: str, reason: str) -> None:
        """See :meth:`MasterOrchestrator.release_actor`."""
        request = request_about(actor, UebaAction.RELEASE, by=operator, reason=reason)
        await asyncio.to_thread(self._decided, "release_actor", request)

    async def wait_until(
        self, workflow_id: str, state: State, *states: State, timeout: float | None = None
    ) -> WorkflowStatus:
        """See :meth:`MasterOrchestrator.wait_until`."""
        expected = (state, *states)
        seconds = self._seconds(timeout)
        reached = await asyncio.to_thread(self._watch, workflow_id, expected)
        try:
            return workflow_status(await asyncio.wait_for(asyncio.wrap_future(reached), seconds))
        except TimeoutError:
            raise self._not_reached(workflow_id, expected, seconds) from None

    async def wait_until_ended(self, workflow_id: str, timeout: float | None = None) -> WorkflowStatus:
        """See :meth:`MasterOrchestrator.wait_until_ended`."""
        return await self.wait_until(workflow_id, *END_STATES, timeout=timeout)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._enter)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._exit)

    async def _answered(self, pending: Pending) -> EngineAnswer:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(pending.answer), self._timeout)
        except TimeoutError:
            raise await asyncio.to_thread(pending.overdue, self._timeout) from None  # it asks Kafka
