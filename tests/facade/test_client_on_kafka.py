"""What only a cluster can do to a client: be away, be empty, be silent, and go on without it."""

import socket
import threading
from collections.abc import Callable

import pytest
from support.engine_process import EngineProcess
from support.facade_stage import FacadeStage
from support.four_agents import HOT, four_agents

from master_orchestrator import MasterOrchestrator, State
from master_orchestrator.errors import BrokerUnreachableError, EngineSilentError, TopicsMissingError
from master_orchestrator_agents import Task
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

pytestmark = pytest.mark.kafka


def client(kafka: KafkaSettings | None, topology: Topology, **more: object) -> MasterOrchestrator:
    """An orchestrator whose runners are elsewhere."""
    made = MasterOrchestrator(kafka=kafka, topology=topology, **more)  # type: ignore[arg-type]  # one or two keywords
    for agent in four_agents():
        made.register_agent(agent, "remote")
    return made


def test_an_address_where_nobody_answers_is_named(topology: Topology) -> None:
    with socket.socket() as bound:  # and not listening
        bound.bind(("127.0.0.1", 0))
        servers = f"127.0.0.1:{bound.getsockname()[1]}"

        with pytest.raises(BrokerUnreachableError, match=servers):
            client(None, topology, bootstrap_servers=servers).start()


def test_topics_that_are_missing_are_named(kafka: KafkaSettings, topology: Topology) -> None:
    with pytest.raises(TopicsMissingError, match=r"nowhere-\S+ and \d+ more.*provision"):
        client(kafka, topology.with_prefix("nowhere-")).start()


def test_a_reading_that_no_engine_answers_is_said_to_be_durable(
    kafka: KafkaSettings, unique_topology: Topology
) -> None:
    with (
        client(kafka, unique_topology, timeout=1.0) as orchestrator,
        pytest.raises(EngineSilentError, match=r"vehicle\.telemetry\[\d\]@0 .* durable"),
    ):
        orchestrator.receive_vehicle_telemetry("car-1", HOT)


def test_a_workflow_goes_on_with_the_next_client(
    kafka: KafkaSettings, live_topology: Topology, engine: EngineProcess, vehicle: Callable[[], str]
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def last_of_the_first(task: Task) -> dict[str, object]:
        begun.set()
        assert go_on.wait(60)
        return {}

    stage = FacadeStage(live_topology, kafka)
    handlers = four_agents(DATA_ANALYSIS=last_of_the_first)
    with stage.orchestrator(handlers) as first:
        workflow_id = first.receive_vehicle_telemetry(vehicle(), HOT)
        assert begun.wait(60)
        go_on.set()

    with stage.orchestrator(four_agents()) as second:
        status = second.wait_until(workflow_id, State.COMPLETED)

    assert len(four_agents()) <= status["attempts"]


def test_two_clients_see_each_others_workflows(
    kafka: KafkaSettings, live_topology: Topology, engine: EngineProcess, vehicle: Callable[[], str]
) -> None:
    with FacadeStage(live_topology, kafka).orchestrator(four_agents()) as runs, client(kafka, live_topology) as asks:
        workflow_id = asks.receive_vehicle_telemetry(vehicle(), HOT)
        asks.wait_until_ended(workflow_id)
        runs.wait_until_ended(workflow_id)

        assert asks.get_workflow_status(workflow_id) == runs.get_workflow_status(workflow_id)
        assert asks.get_statistics() == runs.get_statistics()
