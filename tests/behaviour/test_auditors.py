"""Who reads the audit trail for a living is quiet; who drains it is told."""

from support.actor_partition import MINUTE_MS, ActorPartition, Worker

from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS
from master_orchestrator_schemas.messages import Activity, Alert, Control, EntityStatus, SessionAct
from master_orchestrator_schemas.vocabulary import Action

LOOKS_A_DAY = 30
ALLOWED_AN_HOUR = 60


class Auditor:
    """An operator under the charter as it is shipped, who has looked at the trail, evenly, for two weeks."""

    def __init__(self) -> None:
        self.partition = ActorPartition()
        self._desk = Worker(self.partition, "operator:carol", "console@h")
        for _ in range(14):
            self.looks(LOOKS_A_DAY, every_ms=15 * MINUTE_MS)
            self.partition.at_ms += DAY_MS - LOOKS_A_DAY * 15 * MINUTE_MS

    def looks(self, times: int, *, every_ms: int, rows: int = 20, of: str = "audit_log") -> None:
        """Read the trail, or another resource, N times."""
        for _ in range(times):
            self.partition.apply(self._look(rows, of))
            self.partition.at_ms += every_ms

    def rules(self) -> set[str]:
        """The rules whose findings are open."""
        return {finding.rule for finding in self.partition.out(EntityStatus)[-1].findings}

    def _look(self, rows: int, of: str) -> Activity:
        act = SessionAct(action=Action.READ, resource=of, rows=rows, max_rows=rows)
        return self._desk.session(act, entity=None, workflow_id=None)


def test_forty_looks_at_the_trail_in_an_hour_are_an_auditors_day() -> None:
    auditor = Auditor()
    auditor.looks(40, every_ms=MINUTE_MS)
    assert [] == auditor.partition.out(Alert)
    assert [] == auditor.partition.out(Control)


def test_more_looks_within_an_hour_than_the_charter_allows_are_told_at_the_first_that_is_too_many() -> None:
    auditor = Auditor()
    auditor.looks(ALLOWED_AN_HOUR, every_ms=30_000)
    assert [] == auditor.partition.out(Alert)
    auditor.looks(1, every_ms=0)
    assert "outside_charter" in auditor.rules()
    assert auditor.partition.out(Control)


def test_one_look_that_takes_far_more_than_any_before_is_told() -> None:
    auditor = Auditor()
    auditor.looks(1, every_ms=0, rows=20_000)
    assert {"rows", "risk"} == auditor.rules()
    assert auditor.partition.out(Alert)


def test_what_an_auditor_reads_for_the_first_times_has_no_usual_size_yet() -> None:
    auditor = Auditor()
    auditor.looks(8, every_ms=2 * HOUR_MS, rows=60, of="policy")
    assert [] == auditor.partition.out(Alert)
    assert {"rows"} == auditor.rules()


def test_a_first_look_that_takes_everything_is_told() -> None:
    auditor = Auditor()
    auditor.looks(1, every_ms=0, rows=20_000, of="policy")
    assert {"rows", "risk"} == auditor.rules()
    assert auditor.partition.out(Alert)
