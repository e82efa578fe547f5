"""The first fields of a record are those of the whole record, or an error of the contract."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.message_strategies import statuses
from support.topics import CODEC

from master_orchestrator.readers.statuses import StatusHead
from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.errors import DecodeError
from master_orchestrator_schemas.heads import HeadReader
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.messages import Status

READER = HeadReader("status", StatusHead, Limits())
PREFIXES = [b"\xc3\x01" + schema.fingerprint for schema in schema_versions() if schema.name == "status"]


@given(statuses)
def test_the_head_is_the_beginning_of_the_whole(status: Status) -> None:
    head = READER.read(CODEC.encode(status))
    assert (status.workflow_id, status.vehicle_id) == (head.workflow_id, head.vehicle_id)
    assert (status.state, status.priority) == (head.state, head.priority)


@given(st.builds(bytes.__add__, st.sampled_from([*PREFIXES, b""]), st.binary()))
def test_whatever_the_bytes_there_is_a_head_or_an_error(value: bytes) -> None:
    with contextlib.suppress(DecodeError):
        assert isinstance(READER.read(value), StatusHead)


def test_a_head_that_is_not_the_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        HeadReader("alert", StatusHead, Limits())
