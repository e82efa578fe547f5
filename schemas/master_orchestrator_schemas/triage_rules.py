"""The ``triage:`` section of ``topology.yaml``: when a reading, with those before it, becomes a finding.

One rule per line: what is looked at (``signal``, ``measure``), when it applies (``gate``), what must hold and for how
long (``at_least`` … ``hold``), and what comes of it (``subsystem``, ``priority``). The core compiles this
(``core/triage``); nothing in here runs per reading.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from master_orchestrator_schemas.signal_names import (
    MAX_EXTRAS_READ,
    SWITCHES,
    TYRE_SIGNALS,
    SignalName,
    name_in_extras,
)
from master_orchestrator_schemas.units import Duration, PriorityName, Terms
from master_orchestrator_schemas.vocabulary import Subsystem

RULE_LIMITS: tuple[str, ...] = ("at_least", "above", "at_most", "below", "outside", "is_true")
"""The comparisons; every rule has exactly one."""

MEASURE_LIMITS: Mapping[str, tuple[str, ...]] = {
    "value": RULE_LIMITS,
    "per_1000_rpm": ("at_most", "below"),
    "placard_pct": ("at_most", "below"),
    "loss_per_min": ("at_least", "above"),
}

TRENDING = "_trending"
"""The finding that foretells one of a rule is named after the rule, with this at its end."""
MAX_TREND_SIGNALS = 12
MAX_RULE_CHARACTERS = 40

MAX_PATTERN_CHARACTERS = 100
# At every character at most one branch can go on, so a pattern that does not match costs linear time.
_LETTER = r"(?:[A-Z0-9.]|\[\^?[A-Z0-9-]+\])"
_BRANCH = rf"(?:{_LETTER}|\({_LETTER}+(?:\|{_LETTER}+)*\))*(?:(?<=\.)\*)?"
_CODE_PATTERN = re.compile(rf"{_BRANCH}(?:\|{_BRANCH})*")

Figure = Annotated[float, Field(allow_inf_nan=False)]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise ValueError(f"[{pair[0]}, {pair[1]}] is empty; write [lower, upper]")
    return pair


def _plain_pattern(pattern: str) -> str:
    """Only what is matched in a moment: repeats of repeats, which regular expressions allow, can take years."""
    if len(pattern) > MAX_PATTERN_CHARACTERS or not _CODE_PATTERN.fullmatch(pattern):
        raise ValueError(
            f"{pattern!r} is not a pattern of codes; write letters, digits, dots, [sets], (this|that), and .* at an end"
        )
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return pattern


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Interval = Annotated[tuple[Figure, Figure], AfterValidator(_ordered)]
OneOrInterval = Figure | Interval
SignalNames = Annotated[
    tuple[SignalName, ...],
    Field(min_length=1, max_length=8),
    BeforeValidator(_one_or_many, json_schema_input_type=SignalName | tuple[SignalName, ...]),
]


class Gate(Terms):
    """When a rule applies; all that is given must hold.

    Args:
        engine: ``running``, ``stopped``, ``cranking`` (the start that has just succeeded), or ``any``.
        for_ms: the engine has been so for at least this long.
        settled_ms: the coolant has stopped warming up for this long.
        warm: the coolant is warm.
        closed_loop: fuel is metered by the oxygen sensor (warm, no full load); outside it a trim says nothing.
        no_codes: no active trouble code explains the signal already.
    """

    engine: Literal["any", "running", "stopped", "cranking"] = "any"
    for_ms: Duration = Field(default=0, alias="for")
    settled_ms: Duration = Field(default=0, alias="settled")
    warm: bool = False
    closed_loop: bool = False
    no_codes: bool = False


class RuleTerms(Terms):
    """One rule.

    Args:
        signals: fields of :class:`Telemetry`, or ``extras.NAME`` for a number that has no field; each is looked at for
            itself, and the finding names the one that fired.
        measure: what is compared: the ``value``; ``per_1000_rpm`` (the limit grows with engine speed);
            ``placard_pct`` (per cent of the tyre's placard pressure, corrected for heat); ``loss_per_min`` (kPa/min).
        hold_ms: how long the condition must hold on the vehicle's ``ts_ms``, seen by two readings at least.
        max_gap_ms: readings further apart do not add to ``hold_ms``; None: that of the section.
        repeats: for ``cranking``: that many starts in a row.
        sensor_ends: look at the values that other rules take as missing (``ranges``), and only at those.
    """

    subsystem: Subsystem
    priority: PriorityName
    signals: SignalNames = Field(alias="signal")
    measure: Literal["value", "per_1000_rpm", "placard_pct", "loss_per_min"] = "value"
    gate: Gate = Gate()
    at_least: Figure | None = None
    above: Figure | None = None
    at_most: Figure | None = None
    below: Figure | None = None
    outside: Interval | None = None
    is_true: Literal[True] | None = Field(default=None, alias="is")
    hold_ms: Duration = Field(default=0, alias="hold")
    max_gap_ms: Duration | None = Field(default=None, alias="max_gap")
    repeats: Annotated[int, Field(ge=2, le=100)] | None = None
    sensor_ends: bool = False
    enabled: bool = True

    @property
    def limit(self) -> str:
        """Which comparison this rule makes."""
        return next(name for name in RULE_LIMITS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        given = [name for name in RULE_LIMITS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"has {len(given)} limits; give one of at_least, above, at_most, below, outside, is")
        if (self.is_true is not None) != all(name in SWITCHES for name in self.signals):
            raise ValueError("is: true goes with true-or-false signals, and only they go with it")
        if self.limit not in MEASURE_LIMITS[self.measure]:
            raise ValueError(f"measure {self.measure} goes with {' or '.join(MEASURE_LIMITS[self.measure])}")
        if self.measure in ("placard_pct", "loss_per_min") and not set(self.signals) <= set(TYRE_SIGNALS):
            raise ValueError(f"measure {self.measure} is for tyre pressures only")
        if (self.repeats is not None) != (self.gate.engine == "cranking"):
            raise ValueError("repeats goes with gate {engine: cranking}, and that gate needs it")
        if self.gate.engine == "cranking" and (self.limit != "below" or self.signals != ("battery_voltage_v",)):
            raise ValueError("a cranking rule looks at battery_voltage_v and has the limit below")
        return self


class RuleOverride(Terms):
    """What one model does differently in one rule; what is not given stays. The kind of limit stays too."""

    priority: PriorityName | None = None
    at_least: Figure | None = None
    above: Figure | None = None
    at_most: Figure | None = None
    below: Figure | None = None
    outside: Interval | None = None
    hold_ms: Duration | None = Field(default=None, alias="hold")
    max_gap_ms: Duration | None = Field(default=None, alias="max_gap")
    repeats: Annotated[int, Field(ge=2, le=100)] | None = None
    enabled: bool | None = None

    def applied_to(self, rule: RuleTerms) -> RuleTerms:
        """The rule as it is for this model."""
        return rule.model_copy(update=self.model_dump(exclude_none=True))


class TrendTerms(Terms):
    """What foretells a rule: its signals are remembered from day to day. Signal, limit and direction are the rule's.

    Args:
        gate: when the signal is comparable from day to day.
        season_per_day: how fast a season alone moves it, in its unit; what is slower foretells nothing.
        horizon_ms: how far ahead the limit may be.
    """

    gate: Gate = Gate()
    season_per_day: Annotated[Figure, Field(ge=0)] = Field(default=0.0, alias="season")
    horizon_ms: Duration = Field(default=21 * 86_400_000, alias="horizon")


class RangeTerms(Terms):
    """What one signal can be. A value outside counts as missing: it is the sensor's, not the vehicle's.

    Args:
        physical: the least and the most that the quantity can be in a vehicle, both included.
        not_available: values, and ranges of values, that mean "no value" in an encoding in use.
        asleep: what a sensor shows that is not fitted or not awake. It counts as missing until the sensor has shown
            something else; for tyres, if all that are sent show it at once.
    """

    physical: Interval
    not_available: Annotated[tuple[OneOrInterval, ...], Field(max_length=16)] = ()
    asleep: Figure | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_a_pair(cls, given: Any) -> Any:
        """``[-40, 215]`` is a range whose very ends are the sensor's."""
        return {"physical": given, "not_available": given} if isinstance(given, list | tuple) else given


class Placard(Terms):
    """Cold tyre pressures of the placard, kPa."""

    front: Annotated[Figure, Field(gt=0)]
    rear: Annotated[Figure, Field(gt=0)]


class ModelTerms(Terms):
    """What is different for one vehicle model (the ``model`` of its telemetry)."""

    placard_kpa: Placard | None = None
    rules: Mapping[RuleName, RuleOverride] = Field(default_factory=dict)


class EngineTerms(Terms):
    """How the engine's state is told from the signals.

    Args:
        running_rpm: above this the engine runs.
        moving_kmh: a vehicle that sends no engine speed runs from this speed on.
        warm_c: coolant from here on is warm.
        warm_after_ms: where no coolant temperature is sent, an engine that has run for this long is warm.
        closed_loop_load_pct: above this load the mixture is enriched and no longer measured.
        relief_rpm: above it the relief valve holds the oil pressure, and a limit per 1000 rpm stops growing.
        carry_ms: engine speed, load and vehicle speed stand for this long where a reading does not carry them, for
            gateways that send one signal per message.
        crank_window_ms: a dip counts to a start that succeeds within this time.
    """

    running_rpm: Annotated[Figure, Field(gt=0)]
    moving_kmh: Annotated[Figure, Field(gt=0)]
    warm_c: Figure
    warm_after_ms: Duration = Field(alias="warm_after")
    closed_loop_load_pct: Figure
    relief_rpm: Annotated[Figure, Field(gt=0)]
    crank_window_ms: Duration = Field(alias="crank_window")
    carry_ms: Duration = Field(default=5_000, alias="carry")


class TyreTerms(Terms):
    """How tyre pressures are corrected for heat and watched for loss.

    A tyre's temperature is not sent; it is followed from the speed: ``heat_k_per_kmh`` above ambient in the long run,
    approached with time constant ``heat_time_ms``. ``ambient_c`` stands in where no ambient temperature is sent.
    Losses are measured over ``loss_window_ms``.
    """

    placard_kpa: Placard
    heat_k_per_kmh: Annotated[Figure, Field(ge=0, le=1)]
    heat_time_ms: Duration = Field(alias="heat_time")
    ambient_c: Figure
    loss_window_ms: Duration = Field(alias="loss_window")


class DtcRule(Terms):
    """Codes that match ``code`` (a plain regular expression on the whole code) are of this subsystem and priority.

    ``flashing``: the priority while the malfunction lamp flashes.
    """

    code: Annotated[str, AfterValidator(_plain_pattern)]
    subsystem: Subsystem
    priority: PriorityName
    flashing: PriorityName | None = None


class SpnTerms(Terms):
    """One parameter. ``at_most``: its faults are no more urgent, whatever the failure mode; a lamp counts all the same.

    ``fuel_air`` alone is ``{subsystem: fuel_air}``.
    """

    subsystem: Subsystem
    at_most: PriorityName | None = None


def _named(given: object) -> object:
    return {"subsystem": given} if isinstance(given, str) else given


Parameter = Annotated[SpnTerms, BeforeValidator(_named, json_schema_input_type=Subsystem | SpnTerms)]


class J1939Terms(Terms):
    """J1939-73 faults: priority by failure mode (FMI), subsystem by parameter (SPN)."""

    fmi: Mapping[Annotated[int, Field(ge=0, le=31)], PriorityName]
    other_fmi: PriorityName
    red_stop_lamp: PriorityName
    spn: Mapping[Annotated[int, Field(ge=0, le=524_287)], Parameter]


class TriageTerms(Terms):
    """The whole section.

    Args:
        max_gap_ms: what lies between two readings further apart is not known, and counts for nothing.
        clear_after_ms: a rule that has fired fires again only after it was contradicted for this long.
        summary_every_ms: the signals' summaries take in one reading per this time.
        ranges: by signal, which values count; what is not listed counts whatever it is.
        dtcs: in order, the first that matches counts.
        models: exceptions by vehicle model.
        trends: rule -> what foretells it.
    """

    max_gap_ms: Duration = Field(alias="max_gap")
    clear_after_ms: Duration = Field(alias="clear_after")
    summary_every_ms: Duration = Field(alias="summary_every")
    engine: EngineTerms
    tyres: TyreTerms
    ranges: Mapping[SignalName, RangeTerms]
    rules: Mapping[RuleName, RuleTerms]
    dtcs: Annotated[tuple[DtcRule, ...], Field(max_length=256)]
    j1939: J1939Terms
    models: Mapping[ModelName, ModelTerms] = Field(default_factory=dict)
    trends: Mapping[RuleName, TrendTerms] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _trends_fit(self) -> Self:
        gates: dict[str, Gate] = {}
        for name, terms in self.trends.items():
            rule = self.rules.get(name)
            if rule is None:
                raise ValueError(f"trends.{name} is not a rule; write the name of one under rules")
            if name + TRENDING in self.rules or len(name + TRENDING) > MAX_RULE_CHARACTERS:
                raise ValueError(f"trends.{name}: its finding would be {name}{TRENDING}; give the rule a shorter name")
            if rule.is_true or rule.sensor_ends or rule.repeats or rule.measure not in ("value", "placard_pct"):
                raise ValueError(f"trends.{name} needs a rule that holds a value against a limit")
            if terms.gate.engine == "cranking":
                raise ValueError(f"trends.{name}: a start has no value of its day; write running or stopped")
            for signal in rule.signals:
                if gates.setdefault(signal, terms.gate) != terms.gate:
                    raise ValueError(f"trends.{name}: {signal} has another gate in another trend; give both the same")
        if len(gates) > MAX_TREND_SIGNALS:
            raise ValueError(f"trends look at {len(gates)} signals; look at {MAX_TREND_SIGNALS} at most")
        return self

    @model_validator(mode="after")
    def _extras_can_be_kept(self) -> Self:
        read = {signal for rule in self.rules.values() for signal in rule.signals if name_in_extras(signal)}
        if len(read) > MAX_EXTRAS_READ:
            raise ValueError(f"the rules look at {len(read)} signals in extras; look at {MAX_EXTRAS_READ} at most")
        for signal, terms in self.ranges.items():
            if name_in_extras(signal) and terms.asleep is not None:
                raise ValueError(f"ranges.{signal}: asleep needs a field; write not_available: [{terms.asleep:g}]")
        return self

    @model_validator(mode="after")
    def _overrides_fit(self) -> Self:
        for model, terms in self.models.items():
            for name, override in terms.rules.items():
                where = f"models.{model}.rules.{name}"
                if name not in self.rules:
                    raise ValueError(f"{where} is not a rule; write the name of one under rules")
                given = {key for key in RULE_LIMITS if getattr(override, key, None) is not None}
                if given - {self.rules[name].limit}:
                    raise ValueError(f"{where} changes the kind of limit; change its figure: {self.rules[name].limit}")
        return self

    def rules_of(self, model: str | None) -> dict[str, RuleTerms]:
        """The enabled rules as they are for a model, in order; None: one that nothing is known of."""
        exception = self.models.get(model) if model else None
        own = exception.rules if exception else {}
        merged = {name: own[name].applied_to(rule) if name in own else rule for name, rule in self.rules.items()}
        return {name: rule for name, rule in merged.items() if rule.enabled}

    def placard_of(self, model: str | None) -> Placard:
        """The tyre placard of a model."""
        exception = self.models.get(model) if model else None
        return (exception and exception.placard_kpa) or self.tyres.placard_kpa
