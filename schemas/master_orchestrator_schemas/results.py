"""What each agent answers: one result model per agent.

A handler may return the model or a dict. Of a dict, known keys are validated, missing ones take the default documented
here, and unknown ones are kept (on the wire in ``extras``, name -> JSON text).
"""

import json
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from master_orchestrator_schemas.facts import (
    Anomaly,
    CauseLabel,
    Count,
    Hours,
    Long,
    Millis,
    Offer,
    Operation,
    Probability,
    RankedCause,
    RuleLabel,
    Short,
)
from master_orchestrator_schemas.vocabulary import AgentType, Answer, AppointmentState

MAX_EXTRAS = 64
MAX_OFFERS = 3
"""An owner is shown."""
_CAUSE_LABELS = TypeAdapter(Annotated[tuple[CauseLabel, ...], Field(max_length=8)])
_NAMES = TypeAdapter(Annotated[tuple[Short, ...], Field(max_length=16)])


class Result(BaseModel):
    """Base of all results: unknown keys are kept, numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    agent: ClassVar[AgentType]

    def to_wire(self) -> dict[str, Any]:
        """The result as builtins for the codec: declared fields, and ``extras`` as name -> JSON text."""
        wire = self.model_dump(mode="json", include=set(type(self).model_fields))
        extra = sorted((self.model_extra or {}).items())[:MAX_EXTRAS]
        wire["extras"] = {name: json.dumps(value, default=str, sort_keys=True) for name, value in extra}
        return wire

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_wire`. Raises ``pydantic.ValidationError``."""
        fields = dict(wire)
        extras = fields.pop("extras", None) or {}
        return cls.model_validate({**{name: json.loads(text) for name, text in extras.items()}, **fields})


class DataAnalysisResult(Result):
    """``anomalies`` None (the default): the findings stand as they are. An empty list: nothing found."""

    agent: ClassVar[AgentType] = AgentType.DATA_ANALYSIS
    anomalies: Annotated[tuple[Anomaly, ...], Field(max_length=16)] | None = None
    dismissed: Annotated[tuple[Short, ...], Field(max_length=16)] = ()
    summary: Long = ""


class DiagnosisResult(Result):
    """``causes`` None (the default): no opinion, the anomalies go on as they are. An empty list: no fault found.

    One further key is kept in ``extras``: ``priors_version``, of the priors that the causes were ranked with.
    """

    agent: ClassVar[AgentType] = AgentType.DIAGNOSIS
    causes: Annotated[tuple[RankedCause, ...], Field(max_length=8)] | None = None
    severity: Probability = 0.5
    probability: Probability = 0.5
    time_to_failure_h: Hours | None = None
    time_to_failure_low_h: Hours | None = None
    time_to_failure_high_h: Hours | None = None
    operations: Annotated[tuple[Operation, ...], Field(max_length=8)] = ()
    safe_to_drive: bool = True
    summary: Long = ""


class CustomerEngagementResult(Result):
    """``answer`` defaults to ACCEPT: a handler that says nothing of the answer has obtained consent.

    ``waits_until_ms`` None: this is the whole outcome. Else the owner was contacted by ``channel`` (None: nobody was,
    yet), and the answer comes as a ``CustomerAnswer``; without one by then, the next command of the conversation goes
    out. ``offers``: what the owner may choose from.
    """

    agent: ClassVar[AgentType] = AgentType.CUSTOMER_ENGAGEMENT
    answer: Answer = Answer.ACCEPT
    channel: Short | None = None
    contacts: Annotated[int, Field(ge=0, le=100)] = 1
    preferred_from_ms: Millis | None = None
    message: Long = ""
    waits_until_ms: Millis | None = None
    offers: Annotated[tuple[Offer, ...], Field(max_length=MAX_OFFERS)] = ()


class SchedulingResult(Result):
    """``start_ms`` None (the default): at once; ``end_ms`` None: start plus the labour hours of the operations.

    Three further keys are read, and travel in ``extras``. ``late``: nothing was free by the due time. ``tow``: the
    vehicle is to be fetched. ``no_place``, with status CANCELLED: nothing is free anywhere; the workflow waits and asks
    again. Of URGENT and HIGH vehicles, each calls a human.
    """

    agent: ClassVar[AgentType] = AgentType.SCHEDULING
    appointment_id: Short | None = None
    workshop_id: Short | None = None
    bay: Short | None = None
    technician: Short | None = None
    start_ms: Millis | None = None
    end_ms: Millis | None = None
    status: AppointmentState = AppointmentState.CONFIRMED
    offers: Annotated[tuple[Offer, ...], Field(max_length=8)] = ()

    @property
    def late(self) -> bool:
        """Whether the agent says so."""
        return (self.model_extra or {}).get("late") is True

    @property
    def tow(self) -> bool:
        """Whether the agent says so."""
        return (self.model_extra or {}).get("tow") is True

    @property
    def no_place(self) -> bool:
        """Whether the agent says so, and has booked nothing."""
        return self.status is AppointmentState.CANCELLED and (self.model_extra or {}).get("no_place") is True


class FeedbackResult(Result):
    """All None: the customer did not answer, which closes the workflow all the same.

    Four further keys are read, and travel in ``extras``. ``waits_until_ms``: the owner may not be asked before then, so
    the step is asked again then, and all else in the result is left. ``cause_labels``: what was found says about the
    causes that DIAGNOSIS named, in their order; ``components``: what was at fault, in the words of the component
    vocabulary; ``unmapped``: the technician's text says nothing that is in it.
    """

    agent: ClassVar[AgentType] = AgentType.FEEDBACK
    csat: Annotated[int, Field(ge=1, le=5)] | None = None
    nps: Annotated[int, Field(ge=0, le=10)] | None = None
    fixed_right_first_time: bool | None = None
    text: Long = ""
    labels: Annotated[tuple[RuleLabel, ...], Field(max_length=16)] = ()

    @property
    def waits_until_ms(self) -> int | None:
        """When the agent wants to be asked again; None: this is its answer."""
        given = (self.model_extra or {}).get("waits_until_ms")
        return given if isinstance(given, int) else None

    @property
    def cause_labels(self) -> tuple[CauseLabel, ...]:
        """Of the causes; none where the agent says nothing that can be read."""
        try:
            return _CAUSE_LABELS.validate_python((self.model_extra or {}).get("cause_labels", ()))
        except ValidationError:
            return ()

    @property
    def components(self) -> tuple[str, ...]:
        """What was at fault; none where the agent says nothing that can be read."""
        try:
            return _NAMES.validate_python((self.model_extra or {}).get("components", ()))
        except ValidationError:
            return ()

    @property
    def unmapped(self) -> bool:
        """Whether the agent says so."""
        return (self.model_extra or {}).get("unmapped") is True


class ManufacturingQualityResult(Result):
    """``signal`` True: the claims of this component are out of control; ``capa_id`` names the action opened for it."""

    agent: ClassVar[AgentType] = AgentType.MANUFACTURING_QUALITY
    component: Short | None = None
    claims: Count = 0
    signal: bool = False
    capa_id: Short | None = None
    summary: Long = ""


RESULTS: dict[AgentType, type[Result]] = {
    model.agent: model
    for model in (
        DataAnalysisResult,
        DiagnosisResult,
        CustomerEngagementResult,
        SchedulingResult,
        FeedbackResult,
        ManufacturingQualityResult,
    )
}
"""The result model of each agent."""
