"""A partition and a record's place have one type and one printed form, wherever they are told."""

import pytest
from chaos_checker import records

from master_orchestrator.core.unprocessable import unprocessable
from master_orchestrator.errors import EngineSilentError
from master_orchestrator.shell.contiguity import data_lost
from master_orchestrator_schemas.messages import Cause
from master_orchestrator_schemas.places import Partition, Place

PLACE = Place("vehicle.telemetry", 3, 17)


@pytest.mark.parametrize(
    "text",
    [
        str(PLACE),
        str(Cause.at(PLACE)),
        str(records.RecordPlace(*PLACE)),
        str(EngineSilentError(*PLACE, seconds=1)),
        unprocessable(Cause.at(PLACE), 0, ValueError())[1].message,
    ],
)
def test_a_record_is_told_by_topic_partition_and_offset(text: str) -> None:
    assert "vehicle.telemetry[3]@17" in text


def test_a_partition_is_told_by_topic_and_number() -> None:
    assert Partition("vehicle.telemetry", 3) == PLACE.topic_partition
    assert "2 records of vehicle.telemetry[3] from" in str(data_lost(PLACE.topic_partition, 5, "2 records", 0).message)
