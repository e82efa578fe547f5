"""How long a caller can wait: also without a limit."""

import asyncio
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from support.engine_process import EngineProcess
from support.facade_stage import FacadeStage
from support.four_agents import HOT, four_agents

from master_orchestrator import AsyncMasterOrchestrator, MasterOrchestrator
from master_orchestrator.client.asking import ask, ask_all, operator_request
from master_orchestrator.errors import InvalidArgumentError
from master_orchestrator.ports import waitable
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import OperatorAction


def test_a_wait_for_ever_is_the_longest_there_is() -> None:
    assert [0.5, threading.TIMEOUT_MAX, threading.TIMEOUT_MAX] == [waitable(s) for s in (0.5, 1e10, math.inf)]


@pytest.mark.parametrize("seconds", [math.inf, 1e10])
def test_an_orchestrator_may_be_told_to_wait_for_ever(seconds: float) -> None:
    orchestrator = MasterOrchestrator(timeout=seconds)
    for agent, handler in four_agents().items():
        orchestrator.register_agent(agent, handler)

    with orchestrator:
        workflow_id = orchestrator.receive_vehicle_telemetry("car-1", HOT)
        assert workflow_id == orchestrator.wait_until_ended(workflow_id, timeout=seconds)["workflow_id"]

    async def drive() -> None:
        patient = AsyncMasterOrchestrator(timeout=seconds)
        for agent, handler in four_agents().items():
            patient.register_agent(agent, handler)
        async with patient:
            workflow_id = await patient.receive_vehicle_telemetry("car-1", HOT)
            assert workflow_id == (await patient.wait_until_ended(workflow_id, timeout=seconds))["workflow_id"]

    asyncio.run(drive())


@pytest.mark.parametrize("seconds", [-1, math.nan, "5", None, True])
def test_a_timeout_that_cannot_be_waited_is_rejected(seconds: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="timeout is"):
        MasterOrchestrator(timeout=seconds)


@pytest.mark.kafka
def test_an_answer_from_a_cluster_may_be_waited_for_for_ever(
    kafka: KafkaSettings, live_topology: Topology, engine: EngineProcess, vehicle: Callable[[], str]
) -> None:
    with FacadeStage(live_topology, kafka).orchestrator(four_agents()) as orchestrator:
        workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
        orchestrator.wait_until_ended(workflow_id)
    request = operator_request(workflow_id, OperatorAction.CANCEL, reason="a test's")
    assert workflow_id == ask(kafka, live_topology, request, math.inf).audit[0].workflow_id
    again = operator_request(workflow_id, OperatorAction.CANCEL, reason="a test's")
    answers = ask_all(kafka, live_topology, [again], per_second=10, timeout=math.inf)
    assert [again] == [question for question, _ in answers]
