"""What the judge takes from the run's ``topology.yaml``: names of topics, retries, lanes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

UNIT_MS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
INPUTS = ("OperatorRequest", "ServiceEvent", "Reply", "Timer", "Telemetry", "CustomerAnswer")
"""In the order in which a vehicle's state keeps their positions."""
ACTOR_INPUTS = ("UebaRequest", "Activity", "ActorTick")
"""Of the ueba app."""
ACTORS = "actors"
"""Its table."""
AGENTS = (
    "DATA_ANALYSIS",
    "DIAGNOSIS",
    "CUSTOMER_ENGAGEMENT",
    "SCHEDULING",
    "FEEDBACK",
    "MANUFACTURING_QUALITY",
)
LANES = {1: "urgent", 2: "high", 3: "scheduled", 4: "routine"}


class CheckTerms(NamedTuple):
    """The part of the topology that rules depend on. Times in ms; ``inputs`` in rank order."""

    partitions: int
    inputs: tuple[str, ...]
    audit: str
    status: str
    alerts: str
    dead_letters: str
    changelog: str
    table: str
    commands: tuple[str, ...]
    activity: str
    ticks: str
    actor_inputs: tuple[str, ...]
    actor_trail: str
    entities: str
    controls: str
    actor_changelog: str
    retry_waits_ms: tuple[int, ...]

    def input(self, schema: str) -> str:
        """The input topic whose values have this schema."""
        return self.inputs[INPUTS.index(schema)]

    @property
    def topics(self) -> tuple[str, ...]:
        """All that the judge reads."""
        outputs = (self.audit, self.status, self.alerts, self.dead_letters, self.changelog)
        of_actors = (*self.actor_inputs, self.actor_trail, self.entities, self.controls, self.actor_changelog)
        return (*self.inputs, *outputs, *self.commands, *of_actors)


def read_terms(path: Path) -> CheckTerms:
    """The terms of a topology file. Raises what a broken file raises: the run could not have been made with it."""
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    by_schema = {terms.get("schema"): name for name, terms in given["topics"].items()}
    return CheckTerms(
        partitions=given["partitions"],
        inputs=tuple(by_schema[schema] for schema in INPUTS),
        audit=by_schema["AuditRecord"],
        status=by_schema["Status"],
        alerts=by_schema["Alert"],
        dead_letters=by_schema[None],
        changelog=f"{given['app_id']}-{given['table']}-changelog",
        table=given["table"],
        commands=tuple(command_topic(agent, priority) for agent in AGENTS for priority in LANES),
        activity=by_schema["Activity"],
        ticks=by_schema["ActorTick"],
        actor_inputs=tuple(by_schema[schema] for schema in ACTOR_INPUTS),
        actor_trail=by_schema["ActorRecord"],
        entities=by_schema["EntityStatus"],
        controls=by_schema["Control"],
        actor_changelog=f"{given['app_id']}-ueba-{ACTORS}-changelog",
        retry_waits_ms=tuple(map(milliseconds, _retries(given))),
    )


def command_topic(agent: str, priority: int) -> str:
    """``agent.<type>.<lane>``."""
    return f"agent.{agent.lower().replace('_', '-')}.{LANES[priority]}"


def milliseconds(duration: str) -> int:
    """``2s`` is 2000."""
    number, unit = re.fullmatch(r"([0-9.]+)([a-z]+)", duration).groups()  # type: ignore[union-attr]  # see read_terms
    return int(float(number) * UNIT_MS[unit])


def _retries(given: Mapping[str, Any]) -> list[str]:
    return list(given["retry"]["waits"])
