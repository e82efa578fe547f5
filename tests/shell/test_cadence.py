"""How long records gather before an app's next transaction."""

import pytest

from master_orchestrator.shell.actor_job import ActorJob
from master_orchestrator.shell.job import Cadence
from master_orchestrator.shell.vehicle_job import VehicleJob

ALERT_WITHIN_S = 1.0


def test_records_gather_for_a_share_of_the_last_transaction_and_no_longer_than_the_limit() -> None:
    cadence = Cadence(gather_s=0.04, transactions=0.5, fetch_wait_ms=10)
    assert 0.01 == cadence.gathering_s(0.02)
    assert 0.04 == cadence.gathering_s(3.0)


@pytest.mark.parametrize(("job", "within_s"), [(VehicleJob, 0.1), (ActorJob, ALERT_WITHIN_S / 2)])
def test_what_arrives_is_taken_in_time_by_any_app(job: type[VehicleJob | ActorJob], within_s: float) -> None:
    """A record may arrive just after a fetch, and just before the gathering begins."""
    slow_broker_s = 60.0
    assert job.cadence.gathering_s(slow_broker_s) + job.cadence.fetch_wait_ms / 1000 < within_s
