"""The real engine's shell, from Faust's fetcher to RocksDB, with the job for a core.

``--outputs commands`` sends them as the product sends commands, from the outbox after the commit; ``--outputs records``
writes them in the transaction, as it does audit and status.
"""

import argparse
import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from bench_suite.stream_job.job import output, pack_count, unpack_count

from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.table import pack_vehicle, unpack_vehicle
from master_orchestrator.shell import worker
from master_orchestrator.shell.job import Get
from master_orchestrator.shell.processor import Processor, Work
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import AgentType, Lane


def command_topic(topology: Topology) -> str:
    """Where outputs go as commands."""
    return topology.command_topic(AgentType.DATA_ANALYSIS, Lane.ROUTINE)


Toy: TypeAlias = Work[VehicleState, Outcome]


class CountingCommands(Processor[VehicleState, Outcome]):
    """Counts the records of each key; each output is a command."""

    output_topic = command_topic(load_topology())

    def process(self, partition: int, records: Iterable[tuple[int, Fetched]], get: Get) -> Toy:  # noqa: ARG002  the engine's
        """Count and answer."""
        counts: dict[bytes, int] = {}
        outputs = []
        for _, record in records:
            key, value = record.key or b"", record.value or b""
            before = counts.get(key)
            counts[key] = count = 1 + (_stored(get(key)) if before is None else before)
            outputs.append(Record(self.output_topic, key, output(count, value)))
        vehicles = {key: pack_vehicle(pack_count(count), 0) for key, count in counts.items()}
        return self.work(outputs, vehicles)

    def work(self, outputs: list[Record], vehicles: dict[bytes, bytes]) -> Toy:
        """The outputs by way of the outbox."""
        return Work(commands=outputs, entries=vehicles)


class CountingRecords(CountingCommands):
    """As above; each output is a record of the transaction."""

    output_topic = load_topology().topic_of("Status")

    def work(self, outputs: list[Record], vehicles: dict[bytes, bytes]) -> Toy:
        """The outputs in the transaction."""
        return Work(records=outputs, entries=vehicles)


def _stored(value: bytes | None) -> int:
    return 0 if value is None else unpack_count(unpack_vehicle(value)[1])


PROCESSORS = {"commands": CountingCommands, "records": CountingRecords}


def main() -> int:
    """Run the engine until it is stopped."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--outputs", choices=PROCESSORS, required=True)
    arguments.add_argument("--folder", type=Path, required=True)
    given = arguments.parse_args()
    vars(worker)["Processor"] = PROCESSORS[given.outputs]  # this process is the bench's own
    logging.basicConfig(level=logging.INFO)
    return worker.run_engine(
        kafka=KafkaSettings(), topology=load_topology(), data_dir=given.folder, worker="bench", metrics_port=None
    )


if __name__ == "__main__":
    sys.exit(main())
