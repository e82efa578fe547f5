"""Trouble codes in the spellings that scan tools and gateways use, on every way in; and reports that there are none."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.core.triage import active_dtcs
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.plain_readings import telemetry_from_mapping
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.trouble_codes import NO_CODE, NOT_AVAILABLE, trouble_code, without_type
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

SPELLINGS = {
    "P0217": "P0217",
    "p0217": "P0217",
    " P0217 ": "P0217",
    "P 0217": "P0217",
    "P-0217": "P0217",
    "P0217-00": "P0217",
    "P0217*": "P0217",
    "P0301-1C": "P0301-1C",
    "p0301-1c*": "P0301-1C",
    "P0301:1C": "P0301-1C",
    "P03011C": "P0301-1C",
    "U0100 87": "U0100-87",
}
NONE_SAID = ["P0000", "p0000-00", "B0000", "C0000", "U0000", "0000", "0", "none", "No fault", "no codes", "no DTCs"]
UNKNOWN_SAID = ["U3FFF", "FFFF", "N/A", "", "-", "nan", "U3FFF-FF"]


@pytest.mark.parametrize(("written", "canonical"), SPELLINGS.items())
def test_one_code_has_one_spelling_on_every_way_in(written: str, canonical: str) -> None:
    record = msgspec.json.encode({"vehicle_id": "v1", "ts_ms": 1, "dtcs": [{"code": written, "status": 8}]})
    codec = Codec()

    assert canonical == trouble_code(written) == Dtc(code=written).code
    assert (Dtc(code=canonical),) == telemetry_from_mapping({"vehicle_id": "v1", "ts_ms": 1, "dtcs": [written]}).dtcs
    from_json = codec.decode(record, Telemetry, json_allowed=True)
    assert canonical == from_json.dtcs[0].code == codec.decode(codec.encode(from_json), Telemetry).dtcs[0].code


@pytest.mark.parametrize("text", ["0301", "P030", "P03G1", "X0301", "P0301-1", "P0301\n2", "hello", "P0301" * 20])
def test_what_is_not_a_code_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="write a letter"):
        trouble_code(text)
    record = msgspec.json.encode({"vehicle_id": "v1", "ts_ms": 1, "dtcs": [{"code": text}]})
    reading, left_out = Codec().read(record, Telemetry, json_allowed=True)
    assert ((), ["dtcs"]) == (reading.dtcs, [item.name for item in left_out])
    assert "trouble code" in left_out[0].problem


@given(st.text(max_size=12))
def test_any_text_is_canonical_after_once_or_an_error(text: str) -> None:
    try:
        code = trouble_code(text)
    except ValueError:
        return
    assert code == trouble_code(code)
    assert 5 == len(without_type(code))


def test_the_failure_type_is_kept_and_the_table_is_asked_without_it(drive: Any, topology: Topology) -> None:
    (finding,) = drive.send(dtcs=(Dtc(code="P0301-1C"),))

    assert ("dtc:P0301-1C", Subsystem.IGNITION, Priority.HIGH) == (finding.rule, finding.subsystem, finding.priority)
    assert CodeTable(topology.triage.dtcs).of("P0301-1C") == CodeTable(topology.triage.dtcs).of("P0301")


@pytest.mark.parametrize("spelling", NONE_SAID)
def test_a_report_of_no_codes_is_not_a_finding_and_says_that_earlier_ones_are_gone(drive: Any, spelling: str) -> None:
    assert NO_CODE == trouble_code(spelling)
    assert [] == drive.send(dtcs=(Dtc(code=spelling), Dtc(code=spelling, status=0x88)))
    drive.ts_ms += 1000
    drive.send(dtcs=(Dtc(code="P0420"),))
    drive.run(130, dtcs=(Dtc(code=spelling),), mil_on=None)

    assert ["dtc:P0420"] == drive.fired()
    assert () == active_dtcs(drive.trackers)


def test_padding_behind_a_code_does_not_clear_it(drive: Any) -> None:
    drive.run(300, dtcs=(Dtc(code="P0420"), Dtc(code="P0000"), Dtc(code="P0000")))

    assert ["dtc:P0420"] == drive.fired()
    assert ("P0420",) == active_dtcs(drive.trackers)


@pytest.mark.parametrize("spelling", UNKNOWN_SAID)
def test_a_code_that_is_not_available_says_nothing_at_all(drive: Any, spelling: str) -> None:
    assert NOT_AVAILABLE == trouble_code(spelling)
    drive.send(dtcs=(Dtc(code="P0420"),))
    drive.ts_ms += 1000
    drive.run(300, dtcs=(Dtc(code=spelling),), mil_on=None)

    assert ["dtc:P0420"] == drive.fired()
    assert ("P0420",) == active_dtcs(drive.trackers)


@pytest.mark.parametrize(("spn", "fmi"), [(0, 0), (524_287, 31)])
@pytest.mark.parametrize("lamp", [None, True])
def test_a_report_of_no_j1939_faults_is_not_a_finding_and_clears(
    drive: Any, spn: int, fmi: int, lamp: bool | None
) -> None:
    none = {"j1939": (J1939Fault(spn=spn, fmi=fmi),)}
    assert [] == drive.send(**none, red_stop_lamp=lamp)
    drive.ts_ms += 1000
    drive.send(j1939=(J1939Fault(spn=110, fmi=15),))
    drive.run(130, **none, red_stop_lamp=None)

    assert ["j1939:110/15"] == drive.fired()
    assert () == active_dtcs(drive.trackers)


@pytest.mark.parametrize(("spn", "fmi"), [(0, 5), (0, 31), (524_287, 0)])
def test_faults_of_no_parameter_say_nothing(drive: Any, spn: int, fmi: int) -> None:
    drive.send(j1939=(J1939Fault(spn=110, fmi=15),))
    drive.ts_ms += 1000
    drive.run(300, j1939=(J1939Fault(spn=spn, fmi=fmi),), red_stop_lamp=None)

    assert ["j1939:110/15"] == drive.fired()
    assert ("110/15",) == active_dtcs(drive.trackers)


def test_a_condition_that_exists_is_no_more_than_scheduled(drive: Any) -> None:
    """FMI 31: the parameter says it all."""
    (finding,) = drive.send(j1939=(J1939Fault(spn=1569, fmi=31),))

    assert Priority.SCHEDULED == finding.priority
