"""What `ueba verify` says, and the sum of verdicts."""

from rich.console import Console

from master_orchestrator.cli.tables import VIOLATIONS_SHOWN, actors_verdict_text
from master_orchestrator.core.audit_chain import Violation
from master_orchestrator.readers.adding import added
from master_orchestrator.readers.audit_verdict import AuditVerdict
from master_orchestrator.readers.verify_actors import ActorsVerdict


def told(verdict: ActorsVerdict) -> list[str]:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(actors_verdict_text(verdict))
    return capture.get().splitlines()


def test_more_violations_than_are_shown_are_counted() -> None:
    wrong = tuple(Violation("agent:DIAGNOSIS", seq, "differs", "another record") for seq in range(VIOLATIONS_SHOWN + 3))
    lines = told(ActorsVerdict(actors=1, records=1, violations=wrong))
    assert f"Violated: 1 record of 1 actor; {VIOLATIONS_SHOWN + 3} violations, 0 gaps" == lines[0]
    assert "agent:DIAGNOSIS/0: differs: another record" == lines[1]
    assert ("and 3 more", VIOLATIONS_SHOWN + 2) == (lines[-1], len(lines))


def test_what_is_whole_is_told_with_its_inputs() -> None:
    whole = ActorsVerdict(actors=2, records=3, inputs=1, replayed=3)
    assert ["Whole: 3 records of 2 actors, 3 of them given again by 1 input"] == told(whole)


def test_why_nothing_can_be_told_is_told() -> None:
    assert [
        "Cannot be told: 0 records of 0 actors, 0 of them given again by 7 inputs; 0 violations, 1 gap",
        "cannot be told: the trails hold no record",
    ] == told(ActorsVerdict(inputs=7))


def test_verdicts_of_either_kind_add_up() -> None:
    wrong = (Violation("v~1", 0, "differs", ""),)
    parts = [AuditVerdict(workflows=1, violations=wrong), AuditVerdict(workflows=2, records=5, violations=wrong)]
    assert AuditVerdict(workflows=3, records=5, violations=wrong * 2) == added(parts)
    actors = [ActorsVerdict(untold=("gone",)), ActorsVerdict(actors=2)]
    assert ActorsVerdict(actors=2, untold=("gone",)) == added(actors)
