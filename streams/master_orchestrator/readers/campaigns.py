"""How far campaigns have come, from the newest statuses: per campaign and vehicle, one part."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from master_orchestrator.readers.statuses import read_newest
from master_orchestrator.readers.topics import OnProgress, vehicle_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State


class CampaignPart(StrEnum):
    """What has become of a campaign's work on one vehicle."""

    WAITING = "waiting"
    OPEN = "open"
    BOOKED = "booked"
    DONE = "done"
    REFUSED = "refused"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"
    FAILED = "failed"


ENDED = {
    Reason.SERVICED: CampaignPart.DONE,
    Reason.DECLINED: CampaignPart.REFUSED,
    Reason.NO_ANSWER: CampaignPart.UNREACHED,
    Reason.CANCELLED: CampaignPart.CANCELLED,
}
"""The ends that settle a campaign's work, and how. After the others it goes on in the vehicle's next workflow."""

LIVE = frozenset({CampaignPart.WAITING, CampaignPart.OPEN, CampaignPart.BOOKED, CampaignPart.FAILED})
"""What may still change."""

BOOKED = frozenset({State.SCHEDULED, State.IN_SERVICE, State.FEEDBACK})


class Participation(NamedTuple):
    """Which workflow has a campaign's work on a vehicle, and what has become of it."""

    workflow_id: str
    part: CampaignPart


class CampaignFold:
    """All campaigns, folded from statuses in any order. Memory: a few words per vehicle, and per participation."""

    def __init__(self) -> None:
        self._settled: dict[str, dict[str, Participation]] = {}
        self._newest: dict[str, tuple[int, bool, dict[str, Participation]]] = {}

    def take(self, statuses: Iterable[Status]) -> "CampaignFold":
        """Take in statuses, one of each workflow."""
        for status in statuses:
            self._take(status)
        return self

    def _take(self, status: Status) -> None:
        vehicle, episode = vehicle_of(status.workflow_id), int(status.workflow_id.rpartition("~")[2])
        ended = status.state in {State.COMPLETED, State.FAILED}
        live = {
            campaign: Participation(status.workflow_id, CampaignPart.WAITING) for campaign in status.campaigns_waiting
        }
        for campaign in status.campaigns:
            taken = Participation(status.workflow_id, part_of(status))
            if taken.part in LIVE:
                live[campaign] = taken
            else:
                self._settled.setdefault(campaign, {})[vehicle] = taken
        if episode >= self._newest.get(vehicle, (-1,))[0]:
            self._newest[vehicle] = episode, not ended, live

    @property
    def vehicles(self) -> set[str]:
        """All vehicles that have had a workflow."""
        return set(self._newest)

    def is_open(self, vehicle: str) -> bool:
        """Whether the vehicle has an open workflow."""
        return vehicle in self._newest and self._newest[vehicle][1]

    def of(self, campaign_id: str) -> dict[str, Participation]:
        """The campaign's vehicles, in order."""
        live = {vehicle: held[campaign_id] for vehicle, (_, _, held) in self._newest.items() if campaign_id in held}
        return dict(sorted((self._settled.get(campaign_id, {}) | live).items()))

    @property
    def counts(self) -> dict[str, Counter[CampaignPart]]:
        """Per campaign, how many vehicles are in each part."""
        ids = {*self._settled, *(campaign for _, _, held in self._newest.values() for campaign in held)}
        return {each: Counter(taken.part for taken in self.of(each).values()) for each in sorted(ids)}


def part_of(status: Status) -> CampaignPart:
    """What has become of the work that is part of a workflow."""
    if status.state is State.FAILED:
        return CampaignPart.CANCELLED if status.reason is Reason.CANCELLED else CampaignPart.FAILED
    if status.state is State.COMPLETED:
        return CampaignPart.OPEN if status.reason is None else ENDED.get(status.reason, CampaignPart.OPEN)
    if status.state in BOOKED or status.step == AgentType.FEEDBACK.value:
        return CampaignPart.BOOKED
    return CampaignPart.OPEN


def read_campaigns(kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None) -> CampaignFold:
    """The fold of the whole topic, the statuses of one partition in memory at a time."""
    fold = CampaignFold()
    for partition in range(topology.partitions):
        fold.take(read_newest(kafka, topology, progress, partitions=[partition]).matching(lambda _: True))
    return fold
