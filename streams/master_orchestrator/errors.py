"""The errors of Master Orchestrator: each says what was wrong, with which input, and what to do about it."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError

from master_orchestrator_schemas.errors import OrchestratorError as OrchestratorError  # noqa: PLC0414  exported from here
from master_orchestrator_schemas.kafka_trouble import Trouble, TroubleKind
from master_orchestrator_schemas.places import Place
from master_orchestrator_schemas.vocabulary import AgentType


class NotStartedError(OrchestratorError):
    """A call that needs a running orchestrator came before ``start()`` or after ``shutdown()``."""

    def __init__(self, call: str) -> None:
        super().__init__(f"{call}() needs a running orchestrator: call start() first, and shutdown() last")


class AlreadyStartedError(OrchestratorError):
    """A call that belongs before ``start()`` came after it. ``by_with``: a ``with`` statement has started."""

    def __init__(self, call: str, *, by_with: bool = False) -> None:
        why = "make a new MasterOrchestrator to start again"
        if by_with:
            why = (
                "the with statement has started this one, since agents were registered before it; register all agents "
                "before it and leave start() out, or register all of them inside and call start() there"
            )
        super().__init__(f"{call}() comes before start(), once: {why}")


class UnknownAgentError(OrchestratorError):
    """An agent type that is none of the six."""

    def __init__(self, agent_type: object) -> None:
        known = ", ".join(AgentType)
        super().__init__(f"no agent type {agent_type!r}: use a member of AgentType ({known})")


class InvalidHandlerError(OrchestratorError):
    """A handler that cannot be called, or a name that stands for none."""


class MissingAgentError(OrchestratorError):
    """``start()`` without a handler for an agent that every workflow needs."""

    def __init__(self, missing: Iterable[AgentType], *, at: str = "before start()") -> None:
        self.missing = tuple(missing)
        names = ", ".join(self.missing)
        super().__init__(
            f"no handler for {names}: call register_agent(AgentType.{self.missing[0]}, handler) {at}, "
            "or ask for the built-in one by name with handler='reference'"
        )

    def before_with(self) -> "MissingAgentError":
        """The same, where a ``with`` statement has started what was registered before it."""
        return MissingAgentError(
            self.missing, at="before the with statement too, since it starts what was registered before it"
        )


class UnknownWorkflowError(OrchestratorError, LookupError):
    """A workflow id that no status record names."""

    def __init__(self, workflow_id: object) -> None:
        super().__init__(
            f"no workflow {workflow_id!r}: use an id that receive_vehicle_telemetry() returned, "
            "or list them with 'master-orchestrator workflows'"
        )


class UnknownVehicleError(OrchestratorError, LookupError):
    """A vehicle of which nothing is known."""

    def __init__(self, vehicle_id: object) -> None:
        super().__init__(f"nothing is known of vehicle {vehicle_id!r}: it has sent no reading")


class UnknownActorError(OrchestratorError, LookupError):
    """An actor that has done nothing on record."""

    def __init__(self, actor: object) -> None:
        super().__init__(
            f"nothing is known of {actor!r}: write its kind before its name, like agent:DIAGNOSIS; "
            "'master-orchestrator ueba entities' lists those on Kafka"
        )


class InvalidArgumentError(OrchestratorError):
    """An argument of a constructor or a call that is not valid, such as a negative time-out."""


class SettingsError(OrchestratorError):
    """A setting from the environment that is not valid; the message names the variable, never its value."""

    @classmethod
    def of(cls, error: ValidationError) -> "SettingsError":
        """The first fault of ``error``, in one line."""
        first = error.errors(include_url=False)[0]
        prefix = "KAFKA_" if error.title == "KafkaSettings" else "MASTER_ORCHESTRATOR_"
        name = "_".join(str(part) for part in first["loc"]).upper()
        return cls(f"{prefix}{name}: {first['msg']}" if name else str(first["msg"]))


class InvalidTelemetryError(OrchestratorError):
    """A reading that cannot be taken; the message names the key or the rule it breaks."""


class InvalidRequestError(OrchestratorError):
    """A workshop event or operator request that cannot be taken, or that the engine rejected, with the reason."""


class KafkaUnavailableError(OrchestratorError):
    """Kafka cannot be worked with now; the text says why, and what to mend."""


class BrokerUnreachableError(KafkaUnavailableError):
    """No Kafka broker answered."""


class BrokerRefusesError(KafkaUnavailableError):
    """The broker refuses this client: its login, its certificate, its protocol, or a right that it lacks."""


class TopicsMissingError(KafkaUnavailableError):
    """The cluster lacks topics of the topology."""


class KafkaSettingError(OrchestratorError):
    """A KAFKA_* variable that no client can start with."""


KAFKA_ERRORS: Mapping[TroubleKind, type[OrchestratorError]] = {
    TroubleKind.UNREACHABLE: BrokerUnreachableError,
    TroubleKind.REFUSED: BrokerRefusesError,
    TroubleKind.TOPICS_MISSING: TopicsMissingError,
    TroubleKind.SETTING: KafkaSettingError,
}


def kafka_error(trouble: Trouble) -> OrchestratorError:
    """The error that tells of ``trouble``."""
    return KAFKA_ERRORS[trouble.kind](trouble.text)


class EngineSilentError(OrchestratorError, TimeoutError):
    """A record is durable in Kafka, but has not been answered in time; an engine that runs will work on it.

    ``behind``: how many records the engine has yet to work on until then; None where none runs, or nobody knows.
    """

    def __init__(self, topic: str, partition: int, offset: int, seconds: float, behind: int | None = None) -> None:
        self.behind = behind
        record = f"the record at {Place(topic, partition, offset)}"
        super().__init__(
            f"no engine answered {record} within {seconds:g} s: "
            "see that one runs ('master-orchestrator engine'); the record is durable and will be worked on then"
            if behind is None
            else f"the engine is behind by {behind:,} records and has not answered {record} within {seconds:g} s: "
            "the record is durable and will be worked on when its turn comes"
        )


class MetricsSilentError(OrchestratorError):
    """No process serves metrics at any of the addresses."""

    def __init__(self, addresses: Sequence[str]) -> None:
        super().__init__(
            f"no process serves metrics at {', '.join(addresses)}: start 'master-orchestrator up', or name the "
            "addresses (--metrics-port of engine and agents)"
        )


class WaitTimeoutError(OrchestratorError, TimeoutError):
    """Something that was waited for did not happen in time."""


class UnreadableRecordError(OrchestratorError):
    """A record on a topic that only the engine writes cannot be read."""

    def __init__(self, place: str, why: str) -> None:
        self.place = place
        super().__init__(f"the record at {place} is not what the engine writes ({why}): see who else writes there")


class ExtraMissingError(OrchestratorError):
    """Libraries that are an optional part of the installation are needed, and missing."""

    def __init__(self, extra: str, missing: str | None) -> None:
        super().__init__(f"this needs {missing}: pip install 'master-orchestrator[{extra}]'")
