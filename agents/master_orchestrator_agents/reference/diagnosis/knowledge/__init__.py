"""The knowledge base: ``causes.toml`` and ``operations.toml``, read and checked."""

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from master_orchestrator_schemas.facts import Operation
from master_orchestrator_schemas.trouble_codes import without_type
from master_orchestrator_schemas.vocabulary import Subsystem

FaultShare = Annotated[float, Field(gt=0, lt=1)]
UNSAFE_FROM = 0.9
"""The severity at which URGENT begins."""


def _compilable(pattern: str) -> str:
    re.compile(pattern)
    return pattern


class KnownCause(BaseModel):
    """One line of ``causes.toml``; that file's head explains the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    component: str
    subsystem: Subsystem
    prior: FaultShare
    severity: Annotated[float, Field(ge=0, le=1)]
    life_h: Annotated[float, Field(gt=0)] | None = None
    spread: Annotated[float, Field(gt=1)] | None = None
    unsafe_from: Annotated[float, Field(ge=0, le=1)] = UNSAFE_FROM
    symptoms: Mapping[str, FaultShare] = Field(default_factory=dict)
    codes: Mapping[Annotated[str, AfterValidator(_compilable)], FaultShare] = Field(default_factory=dict)
    operations: Annotated[tuple[str, ...], Field(min_length=1)]
    description: str

    @cached_property
    def patterns(self) -> tuple[tuple[re.Pattern[str], float], ...]:
        """The codes as compiled patterns with their likelihoods."""
        return tuple((re.compile(code), likelihood) for code, likelihood in self.codes.items())

    @model_validator(mode="after")
    def _life_has_a_spread(self) -> Self:
        if (self.life_h is None) != (self.spread is None):
            raise ValueError(f"{self.component}: life_h and spread go together")
        return self

    def of_code(self, code: str) -> float | None:
        """P(code | cause), or None if the cause says nothing of this code."""
        plain = without_type(code)
        return next((likelihood for pattern, likelihood in self.patterns if pattern.fullmatch(plain)), None)


class Knowledge(BaseModel):
    """Everything DIAGNOSIS knows. Raises ``pydantic.ValidationError`` for an operation that nobody describes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    causes: tuple[KnownCause, ...]
    operations: Mapping[str, Operation]

    @model_validator(mode="after")
    def _operations_exist(self) -> Self:
        missing = {name for cause in self.causes for name in cause.operations} - set(self.operations)
        if missing:
            raise ValueError(f"operations.toml does not describe {', '.join(sorted(missing))}")
        return self

    def by_component(self, component: str) -> KnownCause | None:
        """The cause of that component, if it is known."""
        return next((cause for cause in self.causes if cause.component == component), None)

    def of_subsystem(self, subsystem: Subsystem) -> tuple[KnownCause, ...]:
        """The causes of a subsystem, the most frequent first."""
        own = (cause for cause in self.causes if cause.subsystem == subsystem)
        return tuple(sorted(own, key=lambda cause: (-cause.prior, cause.component)))


def load_knowledge() -> Knowledge:
    """The packaged knowledge base."""
    operations = _table("operations.toml")
    named = {name: Operation(name=name, **fields) for name, fields in operations.items()}
    return Knowledge(causes=_table("causes.toml")["causes"], operations=named)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__name__).joinpath(name).read_text("utf-8"))
