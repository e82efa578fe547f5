"""Who did what, on one screen: workshops that call for no look are one row."""

from collections import Counter
from io import StringIO

from rich.console import Console

from master_orchestrator.demo.conduct import ActorConduct, conduct_table, summed

QUIET = {f"workshop:ws-{number:02d}": ActorConduct(2, Counter({"write workflow": 3})) for number in range(40)}
AGENT = {"agent:DIAGNOSIS": ActorConduct(9, Counter({"read dtc_kb": 9}))}


def test_forty_workshops_are_one_row() -> None:
    shown = summed({**AGENT, **QUIET})
    assert ["agent:DIAGNOSIS", "40 workshops"] == list(shown)
    assert (80, 120, 0) == (
        shown["40 workshops"].sessions,
        shown["40 workshops"].acts["write workflow"],
        shown["40 workshops"].denied,
    )
    assert 2 == conduct_table({**AGENT, **QUIET}).row_count


def test_a_workshop_that_was_denied_something_or_is_at_risk_keeps_its_row() -> None:
    odd = {"workshop:x": ActorConduct(1, denied=1), "workshop:y": ActorConduct(1, score=45.0, band="moderate")}
    assert ["workshop:x", "workshop:y", "40 workshops"] == list(summed({**odd, **QUIET}))
    assert list(AGENT) == list(summed(AGENT))


def test_80_columns_break_no_name_of_a_resource() -> None:
    busy = ActorConduct(
        26, Counter({"write maintenance_history": 1_042, "read customer_profile": 52}), score=99.8, band="critical"
    )
    out = StringIO()
    Console(file=out, width=80).print(
        conduct_table({"gateway:master-orchestrator/simulate": busy, "agent:MANUFACTURING_QUALITY": busy})
    )
    assert 2 == out.getvalue().count("customer_profile") == out.getvalue().count("maintenance_history")
