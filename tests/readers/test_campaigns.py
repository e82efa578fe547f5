"""How far a campaign has come, from statuses in any order."""

from collections import Counter
from itertools import permutations

import pytest
from support.statuses import status

from master_orchestrator.core.decide.campaigns import SETTLED
from master_orchestrator.readers.campaigns import ENDED, CampaignFold, CampaignPart, Participation
from master_orchestrator_schemas.vocabulary import Reason, State

ID = "R-1"


@pytest.mark.parametrize(
    ("state", "reason", "step", "part"),
    [
        (State.CUSTOMER_ENGAGEMENT, None, None, CampaignPart.OPEN),
        (State.RETRY, None, "SCHEDULING", CampaignPart.OPEN),
        (State.RETRY, None, "FEEDBACK", CampaignPart.BOOKED),
        (State.SCHEDULED, None, None, CampaignPart.BOOKED),
        (State.IN_SERVICE, None, None, CampaignPart.BOOKED),
        (State.COMPLETED, Reason.SERVICED, None, CampaignPart.DONE),
        (State.COMPLETED, Reason.DECLINED, None, CampaignPart.REFUSED),
        (State.COMPLETED, Reason.NO_ANSWER, None, CampaignPart.UNREACHED),
        (State.FAILED, Reason.CANCELLED, None, CampaignPart.CANCELLED),
        (State.FAILED, Reason.RETRIES_EXHAUSTED, "SCHEDULING", CampaignPart.FAILED),
    ],
)
def test_the_part_follows_from_state_and_reason(
    state: State, reason: Reason | None, step: str, part: CampaignPart
) -> None:
    fold = CampaignFold().take([status("car-1~0", state, reason=reason, step=step, campaigns=(ID,))])
    assert {"car-1": Participation("car-1~0", part)} == fold.of(ID)


STATUSES = [
    status("car-1~0", State.COMPLETED, reason=Reason.SERVICED, campaigns_waiting=(ID,)),
    status("car-1~1", State.SCHEDULED, campaigns=(ID,), campaigns_waiting=("R-2",)),
    status("car-2~3", State.COMPLETED, reason=Reason.SERVICED, campaigns=(ID,)),
    status("car-2~4", State.DIAGNOSIS),
    status("car-3~0", State.COMPLETED, reason=Reason.NOTHING_FOUND, campaigns=("R-2",)),
    status("car-3~1", State.FAILED, reason=Reason.CANCELLED),
]


def test_the_order_of_statuses_does_not_matter() -> None:
    expected = {
        "car-1": Participation("car-1~1", CampaignPart.BOOKED),
        "car-2": Participation("car-2~3", CampaignPart.DONE),
    }
    for order in permutations(STATUSES):
        fold = CampaignFold().take(order)
        assert expected == fold.of(ID)
        assert {"car-1": Participation("car-1~1", CampaignPart.WAITING)} == fold.of("R-2")  # car-3 has put it behind


def test_campaigns_and_vehicles_are_counted() -> None:
    fold = CampaignFold().take(STATUSES)
    assert {
        ID: Counter({CampaignPart.BOOKED: 1, CampaignPart.DONE: 1}),
        "R-2": Counter({CampaignPart.WAITING: 1}),
    } == fold.counts
    assert {"car-1", "car-2", "car-3"} == fold.vehicles
    assert [True, True, False, False] == [fold.is_open(car) for car in ("car-1", "car-2", "car-3", "car-4")]


def test_the_ends_that_settle_a_campaign_are_those_of_the_core() -> None:
    assert SETTLED == set(ENDED)
