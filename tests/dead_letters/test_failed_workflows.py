"""Which failed workflows a bulk redrive would take."""

from msgspec.structs import replace
from support.statuses import status

from master_orchestrator.readers.failed import WORTH_A_TRY, failed_now, longest_failed
from master_orchestrator_schemas.messages import Status, Transition
from master_orchestrator_schemas.vocabulary import Reason, State


def standing(workflow_id: str, state: State, at_ms: int, reason: Reason | None = None) -> Status:
    history = (Transition(at_ms=at_ms, state=state),)
    return status(workflow_id, state, reason=reason, updated_at_ms=at_ms + 5, seq=at_ms, history=history)


def failed(workflow_id: str, at_ms: int, reason: Reason = Reason.RETRIES_EXHAUSTED) -> Status:
    return standing(workflow_id, State.FAILED, at_ms, reason)


def test_only_the_newest_workflow_of_a_vehicle_counts_in_its_newest_state() -> None:
    statuses = [
        failed("redriven~0", 1),
        standing("redriven~0", State.RETRY, 2),
        failed("superseded~9", 3),
        standing("superseded~10", State.PENDING, 4),
        standing("still~0", State.RETRY, 5),
        failed("still~0", 6),
    ]
    assert [("still~0", 6)] == [(one.workflow_id, one.since_ms) for one in failed_now(statuses)]


def test_one_that_never_had_a_step_has_nothing_to_go_back_to() -> None:
    assert [] == list(failed_now([replace(failed("car~0", 1), step=None)]))


def test_the_longest_failed_go_first_and_cancelled_ones_are_left_alone() -> None:
    statuses = [failed(f"car-{n}~0", 100 - n) for n in range(10)] + [failed("sold~0", 1, Reason.CANCELLED)]
    listing = longest_failed(failed_now(statuses), WORTH_A_TRY, 95, 2)
    assert (5, ["car-9~0", "car-8~0"]) == (listing.total, [one.workflow_id for one in listing.rows])
    only = longest_failed(failed_now(statuses), {Reason.CANCELLED}, None, 5)
    assert ["sold~0"] == [one.workflow_id for one in only.rows]
