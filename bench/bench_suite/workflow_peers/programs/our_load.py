"""Our load generator: asks for a check of a new vehicle each time, and is the workshop that reports the work done.

Run: ``python our_load.py DATA_DIR TOPOLOGY [OPTIONS]``, see ``load.py``. It waits for the broker of that data folder.
"""

import asyncio
import threading
import time
import uuid
from pathlib import Path

from bench_suite.workflow_peers.programs.drive import drive, options
from confluent_kafka import Producer

from master_orchestrator.cluster.broker import running_bootstrap_servers
from master_orchestrator.cluster.liveness import require_kafka
from master_orchestrator.errors import KafkaUnavailableError
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config, producer_config
from master_orchestrator_schemas.messages import ServiceEvent, Status, Telemetry
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import Reason, ServiceEventKind, State

FORWARD = [state for state in State if state not in {State.FAILED, State.RETRY}]
START_S = 60.0
POLL_S = 0.05
READ_MS = 1_700_000_000_000


class CheckedFleet:
    """Vehicles that have asked for a check; each waits for its workflow's end, as the status topic tells it."""

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        statuses = topology.topic_of("Status")
        self._statuses = TopicReader(kafka, [statuses], range(topology.partitions), from_end=[statuses])
        self._codec = Codec(topology.limits)
        self._telemetry, self._events = topology.topic_of("Telemetry"), topology.topic_of("ServiceEvent")
        self._producer = Producer(producer_config(kafka, **{"linger.ms": 5}))
        self._loop = asyncio.get_running_loop()
        self._name = uuid.uuid4().hex[:8]
        self._waiting: dict[str, asyncio.Future[bool]] = {}
        self._stopping = threading.Event()

    async def check(self, number: int) -> bool:
        """Ask for a check and await the workflow's end; whether it was serviced, by way of all forward states."""
        vehicle_id = f"{self._name}-{number}"
        ended: asyncio.Future[bool] = self._loop.create_future()
        self._waiting[vehicle_id] = ended
        reading = Telemetry(vehicle_id=vehicle_id, ts_ms=READ_MS, check_requested=True)
        self._send(self._telemetry, vehicle_id, reading)
        return await ended

    def stop(self) -> None:
        """Make :meth:`read` return."""
        self._stopping.set()

    def read(self) -> None:
        """Follow the statuses until :meth:`stop`, in a thread of its own."""
        while not self._stopping.is_set():
            ended = []
            for message in self._statuses.poll(POLL_S):
                status = self._codec.decode(message.value() or b"", Status)
                if status.state is State.SCHEDULED:
                    self._report_done(status)
                elif status.state in {State.COMPLETED, State.FAILED}:
                    ended.append(status)
            self._producer.poll(0)
            if ended:
                self._loop.call_soon_threadsafe(self._end, ended)

    def _report_done(self, status: Status) -> None:
        event = ServiceEvent(
            vehicle_id=status.vehicle_id,
            workflow_id=status.workflow_id,
            event_id=status.workflow_id,
            kind=ServiceEventKind.COMPLETED,
            ts_ms=time.time_ns() // 1_000_000,
        )
        self._send(self._events, status.vehicle_id, event)

    def _send(self, topic: str, vehicle_id: str, record: Telemetry | ServiceEvent) -> None:
        self._producer.produce(topic, self._codec.encode(record), vehicle_id.encode())

    def _end(self, ended: list[Status]) -> None:
        for status in ended:
            waiting = self._waiting.pop(status.vehicle_id, None)
            if waiting is not None:
                states = [transition.state for transition in status.history]
                waiting.set_result(status.reason is Reason.SERVICED and states == FORWARD)


def _fleet(data_dir: Path, topology: Topology) -> CheckedFleet:
    """On the broker of this data folder, once it has the topics; raises ``TimeoutError``."""
    deadline, names = time.monotonic() + START_S, [plan.name for plan in topology.topic_plans()]
    while time.monotonic() < deadline:
        address = running_bootstrap_servers(data_dir / "kafka")
        if address:
            kafka = KafkaSettings(bootstrap_servers=address)
            try:
                require_kafka(admin_config(kafka), names)
                return CheckedFleet(kafka, topology)
            except KafkaUnavailableError:
                pass  # not yet
        time.sleep(0.05)
    raise TimeoutError(f"no broker with the topics on {data_dir} within {START_S:g} s")


async def main() -> None:
    parser = options()
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("topology", type=Path)
    arguments = parser.parse_args()
    fleet = _fleet(arguments.data_dir, load_topology(arguments.topology))
    reading = asyncio.create_task(asyncio.to_thread(fleet.read))
    driving = asyncio.create_task(drive(fleet.check, arguments))
    try:
        ended, _ = await asyncio.wait({reading, driving}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()  # raises what went wrong
    finally:
        fleet.stop()


if __name__ == "__main__":
    asyncio.run(main())
