"""Reading signals by name: fields of a reading, and ``extras.NAME`` for the numbers in its ``extras``.

Where no rule looks at extras, reading is one ``attrgetter``, as if there were none.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.signal_names import name_in_extras

Values = tuple[Any, ...]


def in_order(signal: str) -> tuple[bool, str]:
    """Sorts fields before extras, so that both are read in one go each."""
    return name_in_extras(signal) is not None, signal


def reader_of(signals: Sequence[str]) -> Callable[[Telemetry], Values]:
    """Reads the values of these signals at once; None for one that is missing. At least two fields come first."""
    names = tuple(name for signal in signals if (name := name_in_extras(signal)) is not None)
    fields: Callable[[Telemetry], Values] = operator.attrgetter(*signals[: len(signals) - len(names)])
    if not names:
        return fields
    missing = (None,) * len(names)

    def read(reading: Telemetry) -> Values:
        extras = reading.extras
        return fields(reading) + (tuple(map(extras.get, names)) if extras else missing)

    return read


def value_of(signal: str) -> Callable[[Telemetry], Any]:
    """Reads the value of one signal; None if it is missing."""
    name = name_in_extras(signal)
    return operator.attrgetter(signal) if name is None else lambda reading: reading.extras.get(name)


def without(reading: Telemetry, signals: Sequence[str]) -> Telemetry:
    """The reading as if these signals had not been sent."""
    names = {name for signal in signals if (name := name_in_extras(signal)) is not None}
    fields: dict[str, Any] = dict.fromkeys(signal for signal in signals if name_in_extras(signal) is None)
    if names & reading.extras.keys():
        fields["extras"] = {name: value for name, value in reading.extras.items() if name not in names}
    return msgspec.structs.replace(reading, **fields)
