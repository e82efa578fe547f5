"""Regular service on a real broker: from odometers to the workshop's report, over an engine that is killed twice."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from support.engine_process import EngineProcess
from support.facade_stage import quick
from support.four_agents import four_agents
from support.topics import InputSender, newest_status, topic_log

from master_orchestrator import MasterOrchestrator, State
from master_orchestrator.cluster.provision import provision
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Dtc, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms

pytestmark = pytest.mark.kafka
DAY_MS = 86_400_000
KM_A_DAY = 50.0
OIL = "oil_and_filters"
PLANS = {"plans": {"car": {OIL: {"distance": "5000km", "labour_hours": 0.8}}}, "models": {"compact": "car"}}
PATIENCE_S = 120.0
AHEAD, BUNDLED = "v-ahead", "v-bundled"


def nothing(_task: object) -> dict[str, Any]:
    return {}


@pytest.fixture
def served(kafka: KafkaSettings, topology: Topology, kafka_admin: AdminClient) -> Iterator[Topology]:
    """A topology with a plan, a workshop feed, and topics of its own."""
    own = quick(topology).model_copy(
        update={
            "partitions": 2,
            "service_plans": ServicePlanTerms.model_validate(PLANS),
            "service": topology.service.model_copy(update={"workshop_feed": True}),
        }
    )
    own = own.with_prefix(f"s{uuid.uuid4().hex[:8]}-")
    provision(kafka_admin, own)
    yield own
    for future in kafka_admin.delete_topics([plan.name for plan in own.topic_plans()]).values():
        future.exception()  # waits


@pytest.fixture
def mortal(kafka: KafkaSettings, served: Topology, tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine on those topics."""
    process = EngineProcess(kafka, served, tmp_path)
    process.start()
    yield process
    assert 0 == process.stop()


def is_done_at_the_workshop(orchestrator: MasterOrchestrator, vehicle_id: str) -> None:
    """What it names in its own words begins again."""
    workflow_id = f"{vehicle_id}~0"
    orchestrator.report_service_event(workflow_id, "CHECKED_IN")
    orchestrator.report_service_event(workflow_id, "COMPLETED", operations=("Oil and filters", "wash"))
    orchestrator.wait_until_ended(workflow_id)
    (item,) = orchestrator.get_vehicle_service(vehicle_id)["items"]
    assert (OIL, None, 5_000) == (item["item"], item["workflow_id"], item["interval"])
    assert item["used"] == pytest.approx(0, abs=100)
    assert item["last_done"] is not None


@pytest.mark.timeout(600)
def test_odometers_open_service_ahead_and_bundled_and_what_the_workshop_names_begins_again(
    kafka: KafkaSettings, served: Topology, mortal: EngineProcess
) -> None:
    sender = InputSender(kafka, served)
    start_ms = time.time_ns() // 1_000_000 - 100 * DAY_MS

    def days(vehicle_id: str, *numbers: int, **fields: Any) -> None:
        for day in numbers:
            metres = (47_000.0 + KM_A_DAY * day) * 1_000
            reading = {"model": "compact", "odometer_m": metres, "speed_kmh": 50.0, "engine_rpm": 1_800.0, **fields}
            sender.send(Telemetry(vehicle_id=vehicle_id, ts_ms=start_ms + day * DAY_MS, **reading))
        sender.flush()

    with topic_log(kafka, served.topic_of("Status")) as statuses:
        orchestrator = MasterOrchestrator(kafka=kafka, topology=served, timeout=PATIENCE_S)
        for agent, handler in four_agents(DATA_ANALYSIS=nothing, DIAGNOSIS=nothing).items():
            orchestrator.register_agent(agent, handler)
        with orchestrator:
            days(AHEAD, *range(60))
            mortal.kill()  # somewhere in the first two months
            days(BUNDLED, *range(84))
            mortal.start()
            days(BUNDLED, 84, dtcs=(Dtc(code="P0301", status=0x08),), mil_on=True)
            days(AHEAD, *range(60, 90))
            statuses.until(lambda log: {f"{AHEAD}~0", f"{BUNDLED}~0"} <= newest_status(log).keys(), PATIENCE_S)
            mortal.kill()
            mortal.start()

            for vehicle_id, reason, used in ((AHEAD, "service_due", 4_300), (BUNDLED, "finding", 4_200)):
                orchestrator.wait_until(f"{vehicle_id}~0", State.SCHEDULED)
                status = newest_status(statuses)[f"{vehicle_id}~0"]
                (due,) = status.service
                assert (reason, OIL, "distance") == (status.history[0].reason, due.item, due.by)
                assert due.per_day == pytest.approx(KM_A_DAY, abs=0.2)
                assert due.used == pytest.approx(used, abs=100)
                is_done_at_the_workshop(orchestrator, vehicle_id)
