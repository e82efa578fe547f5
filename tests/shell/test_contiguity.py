"""Holes before fetched records: seek back once, then believe them; retention is alerted."""

from support.fetched_records import records

from master_orchestrator.shell.contiguity import Contiguity
from master_orchestrator_schemas.messages import Alert
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.places import Partition

PARTITION = Partition("telemetry", 0)


def admit(contiguity: Contiguity, expected: int, *offsets: int) -> tuple[int, list[Alert]]:
    """(how many of the records are admitted, alerts)."""
    alerts: list[Alert] = []
    admitted = contiguity.admit(PARTITION, expected, records(*offsets), alerts.append)
    return len(offsets) - admitted.first, alerts


def test_a_hole_is_sought_back_to_and_the_records_come() -> None:
    contiguity = Contiguity(Metrics())
    assert (0, []) == admit(contiguity, 5, 9, 10)
    assert {PARTITION: 5} == contiguity.met()
    contiguity.sought({PARTITION: 0})
    assert (6, []) == admit(contiguity, 5, 5, 6, 7, 8, 9, 10)
    assert {} == contiguity.met()


def test_a_hole_that_comes_back_is_real() -> None:
    contiguity = Contiguity(Metrics())
    admit(contiguity, 5, 9, 10)
    contiguity.sought({PARTITION: 0})
    assert (2, []) == admit(contiguity, 5, 9, 10)
    assert (0, []) == admit(contiguity, 11, 15), "a later hole is doubted again"


def test_another_hole_in_its_place_is_doubted_again() -> None:
    contiguity = Contiguity(Metrics())
    admit(contiguity, 5, 9, 10)
    contiguity.sought({PARTITION: 0})
    assert (0, []) == admit(contiguity, 5, 8, 9)


def test_what_retention_removed_is_alerted_with_the_number_of_records() -> None:
    contiguity = Contiguity(Metrics())
    admit(contiguity, 5, 9, 10)
    contiguity.sought({PARTITION: 8})
    count, alerts = admit(contiguity, 5, 9, 10)
    assert (2, ["telemetry/0/5/DATA_LOST"]) == (count, [alert.alert_id for alert in alerts])
    assert alerts[0].message.startswith("3 records of telemetry[0] from offset 5 on")


def test_a_rebalance_forgets_the_holes() -> None:
    contiguity = Contiguity(Metrics())
    admit(contiguity, 5, 9, 10)
    contiguity.sought({PARTITION: 0})
    contiguity.forget()
    assert (0, []) == admit(contiguity, 5, 9, 10)
