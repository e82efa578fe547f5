"""Trouble codes: confirmed ones act at once and once, pending ones are remembered, the rest says nothing."""

from typing import Any

import pytest

from master_orchestrator.core.triage import active_dtcs
from master_orchestrator_schemas.messages import Dtc, J1939Fault
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

CONFIRMED, LAMP, PENDING, NOT_COMPLETED = 0x08, 0x80, 0x04, 0x40


def code(text: str, status: int | None = CONFIRMED) -> dict[str, Any]:
    return {"dtcs": (Dtc(code=text, status=status),)}


@pytest.mark.parametrize("status", [CONFIRMED, LAMP, CONFIRMED | PENDING | NOT_COMPLETED, None])
def test_a_confirmed_code_or_one_that_asks_for_the_lamp_acts_at_once(drive: Any, status: int | None) -> None:
    (finding,) = drive.send(**code("P0301", status))

    assert ("dtc:P0301", Subsystem.IGNITION, Priority.HIGH) == (finding.rule, finding.subsystem, finding.priority)
    assert ("P0301",) == active_dtcs(drive.trackers)


def test_a_pending_code_only_raises_interest_until_it_is_confirmed(drive: Any) -> None:
    assert [] == drive.send(**code("P0420", PENDING))
    assert {"P0420"} == drive.trackers.codes.keys()
    assert () == active_dtcs(drive.trackers)

    drive.ts_ms += 1000
    (finding,) = drive.send(**code("P0420"))
    assert ("dtc:P0420", Subsystem.EMISSIONS) == (finding.rule, finding.subsystem)
    assert ("P0420",) == active_dtcs(drive.trackers)


@pytest.mark.parametrize("status", [NOT_COMPLETED, 0x01, 0x00, 0x50])
def test_other_status_bits_say_nothing(drive: Any, status: int) -> None:
    assert [] == drive.send(**code("P0301", status))
    assert {} == drive.trackers.codes


@pytest.mark.parametrize(
    ("text", "subsystem", "priority"),
    [
        ("P0217", Subsystem.COOLING, Priority.URGENT),
        ("P0524", Subsystem.LUBRICATION, Priority.URGENT),
        ("P0312", Subsystem.IGNITION, Priority.HIGH),
        ("P0313", Subsystem.IGNITION, Priority.SCHEDULED),
        ("P0562", Subsystem.CHARGING, Priority.HIGH),
        ("P0A80", Subsystem.HV_BATTERY, Priority.HIGH),
        ("P0455", Subsystem.EMISSIONS, Priority.ROUTINE),
        ("C0035", Subsystem.BRAKES, Priority.HIGH),
        ("U0100", Subsystem.OTHER, Priority.HIGH),
        ("B1000", Subsystem.OTHER, Priority.ROUTINE),
        ("P3FFF", Subsystem.OTHER, Priority.SCHEDULED),
    ],
)
def test_codes_are_filed_by_the_table(drive: Any, text: str, subsystem: Subsystem, priority: Priority) -> None:
    (finding,) = drive.send(**code(text))

    assert (subsystem, priority) == (finding.subsystem, finding.priority)


def test_a_misfire_is_urgent_while_the_lamp_flashes(drive: Any) -> None:
    drive.run(5, **code("P0301"))
    drive.run(5, **code("P0301"), mil_flashing=True)
    drive.run(5, **code("P0301"))

    codes = [finding.priority for finding in drive.findings if finding.rule == "dtc:P0301"]
    assert [Priority.HIGH, Priority.URGENT] == codes


def test_a_code_comes_once_while_it_is_present(drive: Any) -> None:
    drive.run(600, **code("P0301"), mil_on=True)
    drive.run(100, mil_on=True)  # the codes are not sent with every reading
    drive.run(600, **code("P0301"), mil_on=True)
    assert ["dtc:P0301"] == drive.fired()

    drive.run(300, mil_on=False)
    assert () == active_dtcs(drive.trackers)
    drive.run(1, **code("P0301"), mil_on=True)
    assert ["dtc:P0301", "dtc:P0301"] == drive.fired()


def test_a_dropped_out_reading_does_not_bring_a_code_twice(drive: Any) -> None:
    drive.run(10, **code("P0301"))
    drive.run(5, **code("P0420"))
    drive.run(10, **code("P0301"))

    assert ["dtc:P0301", "dtc:P0420"] == drive.fired()


def test_a_lit_lamp_is_explained_by_its_code(drive: Any) -> None:
    drive.run(300, **code("P0420"), mil_on=True)

    assert ["dtc:P0420"] == drive.fired()


@pytest.mark.parametrize(
    ("fmi", "priority"),
    [(0, Priority.URGENT), (1, Priority.URGENT), (16, Priority.HIGH), (18, Priority.HIGH), (15, Priority.SCHEDULED)],
)
def test_a_j1939_fault_is_as_severe_as_its_mode(drive: Any, fmi: int, priority: Priority) -> None:
    (finding,) = drive.send(j1939=(J1939Fault(spn=110, fmi=fmi),))

    assert (f"j1939:110/{fmi}", Subsystem.COOLING, priority) == (finding.rule, finding.subsystem, finding.priority)


def test_the_red_stop_lamp_makes_any_fault_urgent(drive: Any) -> None:
    faults = (J1939Fault(spn=177, fmi=15),)
    (first,) = drive.send(j1939=faults, red_stop_lamp=False)
    drive.ts_ms += 1000
    (second,) = drive.send(j1939=faults, red_stop_lamp=True)

    assert [Priority.SCHEDULED, Priority.URGENT] == [first.priority, second.priority]


def test_of_very_many_codes_the_most_urgent_are_kept(drive: Any) -> None:
    many = tuple(Dtc(code=f"B1{number:03X}", status=CONFIRMED) for number in range(60))
    drive.send(dtcs=many)
    drive.ts_ms += 1000
    drive.send(dtcs=(*many, Dtc(code="P0217", status=CONFIRMED)))

    assert "dtc:P0217" in drive.fired()
    assert "P0217" == active_dtcs(drive.trackers)[0]
    assert len(drive.trackers.codes) < 30
    assert len(set(drive.fired())) == len(drive.fired())
