"""The things agents talk about: findings, anomalies, causes, operations. Pydantic, since people write and read them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import FindingLabel, Priority, Subsystem

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Hours = Annotated[float, Field(ge=0.0, le=100_000.0)]
Short = Annotated[str, Field(max_length=200)]
Long = Annotated[str, Field(max_length=2_000)]
Millis = Annotated[int, Field(ge=0, le=MAX_MS)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class Fact(BaseModel):
    """Base of all facts: immutable, strict about unknown fields, finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Finding(Fact):
    """A triage rule that fired: a suspicion with its evidence, not yet a verdict.

    ``rule``: its name in ``topology.yaml`` (``coolant_hot``) or ``dtc:P0301``; ``value``: in the signal's unit.
    ``crossing_ms``: only of a trend (``coolant_hot_trending``): when ``value``, which has not reached ``threshold``, is
    expected to; ``crossing_low_ms`` and ``crossing_high_ms``: the interval of 80 %.
    """

    rule: Short
    subsystem: Subsystem
    priority: Priority
    at_ms: Millis
    signal: Short | None = None
    value: float | None = None
    threshold: float | None = None
    held_s: Annotated[float, Field(ge=0)] = 0.0
    crossing_ms: Millis | None = None
    crossing_low_ms: Millis | None = None
    crossing_high_ms: Millis | None = None

    @property
    def is_trend(self) -> bool:
        """Whether it tells what is coming, not what is."""
        return self.crossing_ms is not None

    @property
    def is_below(self) -> bool:
        """Whether the finding is about a value that is too low, or is becoming so."""
        if self.value is None or self.threshold is None:
            return False
        return self.value > self.threshold if self.is_trend else self.value < self.threshold


class SignalSummary(Fact):
    """What is known of one signal: newest value, recent range, and the vehicle's own past.

    ``mean`` and ``spread``: slow exponential average and mean absolute deviation of this vehicle; ``slope_per_h``:
    the recent trend in units per hour; ``samples`` how many readings stand behind them.
    """

    signal: Short
    last: float
    minimum: float
    maximum: float
    mean: float
    spread: float
    slope_per_h: float = 0.0
    samples: Count = 0


class SignalTrend(Fact):
    """Where a signal has been heading over the last days or weeks, from one comparable value a day.

    ``days``: how many stand behind it; ``level``: its value now, noise taken out; ``per_day``: its rate, with an
    interval of 80 %; ``limit``: the most urgent limit that it is heading for; ``hours``: until it is there, at this
    rate. Both are None where it heads for none, or may not be moving at all.
    """

    signal: Short
    days: Count
    level: float
    per_day: float
    per_day_low: float
    per_day_high: float
    limit: float | None = None
    hours: Hours | None = None
    hours_low: Hours | None = None
    hours_high: Hours | None = None


class Anomaly(Fact):
    """A finding confirmed by DATA_ANALYSIS. A bare string counts as an anomaly of subsystem ``other``."""

    subsystem: Subsystem = Subsystem.OTHER
    description: Long
    severity: Probability = 0.5
    confidence: Probability = 0.5
    evidence: Long = ""
    rule: Short | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"description": value} if isinstance(value, str) else value


class RankedCause(Fact):
    """A possible cause with its probability, as DIAGNOSIS ranks them. A bare string counts as a component."""

    component: Short
    subsystem: Subsystem = Subsystem.OTHER
    probability: Probability = 0.5
    description: Long = ""
    dtc: Short | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"component": value} if isinstance(value, str) else value


class Operation(Fact):
    """Work to be done in a workshop. A bare string counts as its name."""

    name: Short
    labour_hours: Annotated[float, Field(ge=0, le=200)] = 1.0
    skill: Short = "general"
    bay: Short = "standard"
    parts: Annotated[tuple[Short, ...], Field(max_length=16)] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class CampaignNotice(Fact):
    """A campaign that the vehicle takes part in, such as a recall; ``title``: what it is about, for the owner."""

    campaign_id: Short
    title: Short = ""


class DueService(Fact):
    """An item of regular service that is due, and what that rests on.

    ``by``: ``distance``, ``engine_hours`` or ``date``, whichever comes first; ``used`` and ``every`` are km, hours or
    days: since it was last done, and its interval. ``per_day``: what the vehicle uses a day.
    """

    item: Short
    due_ms: Millis
    by: Literal["distance", "engine_hours", "date"]
    used: Count
    every: Count
    per_day: float
    overdue: bool = False


class Offer(Fact):
    """A slot a workshop offers, held until ``held_until_ms``."""

    workshop_id: Short
    start_ms: Millis
    end_ms: Millis
    held_until_ms: Millis


class RuleLabel(Fact):
    """What the confirmed cause says about a rule that fired."""

    rule: Short
    label: FindingLabel


class CauseLabel(Fact):
    """What the confirmed cause says about a cause that DIAGNOSIS named."""

    cause: Short
    label: FindingLabel
