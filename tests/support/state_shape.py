"""What the stored state is made of, as text: every field of every struct in it, and what is stored as an index."""

import re
from typing import Any, get_args

import msgspec

from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.transitions import REASONS, STATES
from master_orchestrator.core.triage.trackers import SLOTS, Memory


def state_shape() -> str:
    """One line per field, in the order stored, and per index; ``Memory`` is stored as bytes."""
    lines = [line for struct in [*_structs(VehicleState, {}), Memory] for line in _fields(struct)]
    for name, values in (("STATES", STATES), ("REASONS", REASONS), ("SLOTS", SLOTS)):
        lines += [f"{name}[{index}] {value}" for index, value in enumerate(values)]
    return "\n".join(lines) + "\n"


def _fields(struct: type[msgspec.Struct]) -> list[str]:
    fields = msgspec.structs.fields(struct)
    return [f"{struct.__name__}[{index}] {field.name}: {_name(field.type)}" for index, field in enumerate(fields)]


def _structs(of: Any, structs: dict[Any, None]) -> dict[Any, None]:
    """The structs that a type is made of, itself first."""
    if isinstance(of, type) and issubclass(of, msgspec.Struct) and of not in structs:
        structs[of] = None
        for field in msgspec.structs.fields(of):
            _structs(field.type, structs)
    for part in get_args(of):
        _structs(part, structs)
    return structs


def _name(of: Any) -> str:
    return re.sub(r"\w+\.", "", of.__name__ if isinstance(of, type) and not get_args(of) else str(of))
