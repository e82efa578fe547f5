"""One vehicle's state, from the changelog of the engine's table."""

import msgspec

from master_orchestrator.core.errors import ForeignStateError
from master_orchestrator.core.state import VehicleState, decode_state
from master_orchestrator.core.table import unpack_vehicle
from master_orchestrator.errors import UnreadableRecordError
from master_orchestrator.readers.decoding import place_text
from master_orchestrator.readers.topics import OnProgress, TopicReader, partition_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology


def read_vehicle(
    kafka: KafkaSettings, topology: Topology, vehicle_id: str, progress: OnProgress | None = None
) -> VehicleState | None:
    """What the engine knows of a vehicle now; None: nothing. Reads the partition that has it.

    Raises ``UnreadableRecordError`` on a state that a newer engine wrote.
    """
    key, newest = vehicle_id.encode(), None
    partition = partition_of(vehicle_id, topology.partitions)
    with TopicReader(kafka, [topology.changelog_topic], [partition]) as reader:
        for message in reader.catch_up(progress):
            if message.key() == key:
                newest = message
    if newest is None or (value := newest.value()) is None:
        return None
    try:
        return decode_state(unpack_vehicle(value)[1])
    except (ForeignStateError, msgspec.MsgspecError, ValueError) as error:
        raise UnreadableRecordError(place_text(newest), str(error)) from error
