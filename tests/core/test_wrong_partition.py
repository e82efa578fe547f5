"""A record in another partition than its vehicle's is rejected, on every input, before anything comes of it."""

from contextlib import nullcontext

import pytest

from master_orchestrator.core.inputs import Body
from master_orchestrator.core.intake import Intake
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Cause, OperatorRequest, Reply, ServiceEvent, Telemetry, Timer
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, OperatorAction, ServiceEventKind

CODEC = Codec()
VEHICLE, WORKFLOW = "crc-0", "crc-0~0"
BODIES: list[Body] = [
    Telemetry(vehicle_id=VEHICLE, ts_ms=1),
    ServiceEvent(vehicle_id=VEHICLE, workflow_id=WORKFLOW, event_id="e", kind=ServiceEventKind.COMPLETED, ts_ms=1),
    OperatorRequest(
        vehicle_id=VEHICLE, workflow_id=WORKFLOW, request_id="r", action=OperatorAction.REDRIVE, operator="ada"
    ),
    Timer(vehicle_id=VEHICLE, workflow_id=WORKFLOW, deadline_id="reply/0", due_ms=1),
    Reply(
        vehicle_id=VEHICLE, workflow_id=WORKFLOW, command_id=f"{WORKFLOW}/DIAGNOSIS/0/0", agent=AgentType.DIAGNOSIS,
        worker="w", handled_in_ms=1, result={},
    ),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_only_the_vehicle_s_partition_takes_its_records(topology: Topology, body: Body) -> None:
    intake = Intake(topology, CODEC)
    topic = topology.topic_of(type(body).__name__)
    home = partition_of_key(VEHICLE.encode(), topology.partitions)
    for partition in range(topology.partitions):
        cause = Cause(topic=topic, partition=partition, offset=0)
        expected = nullcontext() if partition == home else pytest.raises(RejectedError, match="murmur2_random")
        with expected as rejected:
            intake.take(cause, at_ms=1, key=VEHICLE.encode(), value=CODEC.encode(body), headers=None)
        assert (partition == home) or (rejected is not None and "wrong_partition" == rejected.value.rejection.code)


@pytest.mark.parametrize(
    ("key", "partitions", "expected"),
    [  # from UtilsTest of Kafka's Java client
        (b"21", 2**31, -973932308 & 0x7FFFFFFF),
        (b"foobar", 2**31, -790332482 & 0x7FFFFFFF),
        (b"a-little-bit-long-string", 2**31, -985981536 & 0x7FFFFFFF),
        (b"abc", 2**31, 479470107),
    ],
)
def test_the_hash_is_that_of_kafka_s_java_client(key: bytes, partitions: int, expected: int) -> None:
    assert expected == partition_of_key(key, partitions)
