"""The sections of ``topology.yaml``. Field names carry their units; in the file the unit stands with the number."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from master_orchestrator_schemas.registry import TYPES
from master_orchestrator_schemas.units import Duration, PriorityName, Terms, parse_duration
from master_orchestrator_schemas.vocabulary import Priority

TopicName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9.-]{0,180}$")]
"""``.`` and ``-`` only: ``.`` and ``_`` collide in Kafka's metric names."""

DurationByPriority = Mapping[PriorityName, Duration]

if TYPE_CHECKING:
    SchemaName = str
else:  # derived from the registry, which a type checker cannot follow
    SchemaName = Literal[tuple(TYPES)]


class TopicTerms(Terms):
    """One engine topic. ``schema_name`` None: bytes as they came. ``json_allowed``: outsiders may write JSON too."""

    role: Literal["input", "output"]
    schema_name: SchemaName | None = Field(default=None, alias="schema")
    key: str = "vehicle_id"
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    retention_ms: Duration | None = Field(default=None, alias="retention")
    compacted: bool = False
    json_allowed: bool = Field(default=False, alias="json")


class CommandTerms(Terms):
    """The 24 command topics."""

    retention_ms: Duration = Field(alias="retention")


class AgentTerms(Terms):
    """One agent type.

    Args:
        enabled: False skips its step (FEEDBACK and MANUFACTURING_QUALITY only).
        reply_within_ms: the time to handle a command. Its deadline is its issue, plus ``max_wait_ms`` of its lane, plus
            this.
        max_workers: tasks at once, per runner.
        on_timeout: ``retry`` counts a missing reply as a failure; ``close`` goes on without an answer
            (CUSTOMER_ENGAGEMENT and FEEDBACK only).
    """

    enabled: bool = True
    reply_within_ms: Duration = Field(alias="reply_within")
    max_workers: int = Field(ge=1, le=1_000)
    on_timeout: Literal["retry", "close"] = "retry"


class LaneTerms(Terms):
    """One lane: its share of a busy runner, and how long its commands may wait.

    ``max_wait_ms``: after this the lane's oldest command goes first. It is part of a command's deadline.
    """

    weight: int = Field(ge=1, le=1_000)
    max_wait_ms: Duration = Field(alias="max_wait")


class RetryTerms(Terms):
    """The waits before the retries of a step; as many retries as waits."""

    waits_ms: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=10)] = Field(alias="waits")


class EpisodeTerms(Terms):
    """When a workflow opens, besides triage.

    Args:
        regular_check_every_ms: since the first reading or the last ended workflow.
        check_requested_priority: of a workflow that the sender asks for.
        max_future_ms: how far a reading's ``ts_ms`` may be ahead of the broker's clock.
        cooldown_ms: per priority, how long the same finding does not reopen.
        max_escalations: how often an open workflow goes back to DIAGNOSIS because it got worse; then a human is called.
    """

    regular_check_every_ms: Duration = Field(alias="regular_check_every")
    check_requested_priority: PriorityName
    max_future_ms: Duration = Field(alias="max_future")
    cooldown_ms: DurationByPriority = Field(alias="cooldown")
    max_escalations: int = Field(default=3, ge=0, le=100)


class ConversationTerms(Terms):
    """Bounds of the conversation with an owner, whatever CUSTOMER_ENGAGEMENT asks for, so that it ends.

    Args:
        max_turns: commands of one conversation; the owner counts as not reached after the last.
        max_wait_ms: the longest wait for an answer to one of them.
    """

    max_turns: int = Field(default=24, ge=1, le=1_000)
    max_wait_ms: Duration = Field(default=604_800_000, alias="max_wait")


class LearningTerms(Terms):
    """What is expected of rules and repairs.

    Args:
        precision_floor: a rule is good enough from this share of true findings on.
        min_labels: labels that a rule needs before it is judged.
        recovery_csat: an owner's rating, from 1 to 5, up to which a human is called; 0: none is.
    """

    precision_floor: float = Field(default=0.5, ge=0, le=1)
    min_labels: int = Field(default=20, ge=1, le=1_000_000)
    recovery_csat: int = Field(default=2, ge=0, le=5)


class VehicleTerms(Terms):
    """What one vehicle may ask of the engine, so that it cannot crowd out others; a reading beyond is a dead letter.

    Args:
        readings_per_second: by the vehicle's own clock, so what a gateway has gathered may come all at once.
        checks_per_hour: that its sender asks for, by the broker's clock.
    """

    readings_per_second: int = Field(default=100, ge=1, le=1_000)
    checks_per_hour: int = Field(default=360, ge=1, le=1_000_000)


class UrgencyLine(Terms):
    """One line of the urgency table: the priority, if all of the conditions given hold."""

    priority: PriorityName
    safe_to_drive: bool | None = None
    risk_at_least: Annotated[float, Field(ge=0, le=1)] | None = None
    time_to_failure_below_ms: Duration | None = Field(default=None, alias="time_to_failure_below")

    @property
    def unconditional(self) -> bool:
        """Whether this line always holds."""
        return self.safe_to_drive is None and self.risk_at_least is None and self.time_to_failure_below_ms is None


ASK_AGAIN = {
    Priority.URGENT: parse_duration("10min"),
    Priority.HIGH: parse_duration("1h"),
    Priority.SCHEDULED: parse_duration("6h"),
    Priority.ROUTINE: parse_duration("24h"),
}


class ServiceTerms(Terms):
    """Appointments: by when per priority, and what happens if nobody comes or nothing is reported.

    ``ask_again_ms``: where no workshop has a place, how long the workflow waits before it asks again.
    """

    workshop_feed: bool
    due_ms: DurationByPriority = Field(alias="due")
    no_show_after_ms: Duration = Field(alias="no_show_after")
    overdue_after_ms: Duration = Field(alias="overdue_after")
    max_reschedules: int = Field(ge=0, le=100)
    ask_again_ms: DurationByPriority = Field(default=ASK_AGAIN, alias="ask_again")
