"""Rows that are one reading together: a signal or a fault per row, of one vehicle, at one time or nearly so."""

import msgspec

from master_orchestrator_schemas.messages import Telemetry

MAX_CODES, MAX_EXTRAS = 64, 128


class Joiner:
    """Holds the reading that is growing. ``together_ms``: how far its rows may lie apart."""

    def __init__(self, together_ms: int) -> None:
        self._together_ms = together_ms
        self._held: Telemetry | None = None
        self._since_ms = 0

    @property
    def is_empty(self) -> bool:
        """Whether no reading is growing."""
        return self._held is None

    def add(self, reading: Telemetry) -> Telemetry | None:
        """Take one row's reading in; the reading before, if this row begins another one."""
        held = self._held
        if held is not None and self._belongs(held, reading):
            self._held = _joined(held, reading)
            return None
        self._held, self._since_ms = reading, reading.ts_ms
        return held

    def last(self) -> Telemetry | None:
        """The reading that was growing at the end."""
        held, self._held = self._held, None
        return held

    def _belongs(self, held: Telemetry, reading: Telemetry) -> bool:
        if held.vehicle_id != reading.vehicle_id or reading.ts_ms < held.ts_ms:
            return False
        if reading.ts_ms - self._since_ms > self._together_ms or len(held.extras) + len(reading.extras) > MAX_EXTRAS:
            return False
        return len(held.j1939) < MAX_CODES and len(held.dtcs) < MAX_CODES and not _contradicts(held, reading)


def _contradicts(held: Telemetry, reading: Telemetry) -> bool:
    """Whether a name has one value in the one and another in the other."""
    for name in _SINGLE:
        value = getattr(reading, name)
        if value is not None and getattr(held, name) not in (None, value):
            return True
    return any(held.extras.get(name, value) != value for name, value in reading.extras.items())


def _joined(held: Telemetry, reading: Telemetry) -> Telemetry:
    changes = {name: value for name in _SINGLE if (value := getattr(reading, name)) is not None}
    return msgspec.structs.replace(
        held,
        **changes,
        ts_ms=reading.ts_ms,
        check_requested=held.check_requested or reading.check_requested,
        extras={**held.extras, **reading.extras},
        dtcs=tuple(dict.fromkeys((*held.dtcs, *reading.dtcs))),
        j1939=tuple(dict.fromkeys((*held.j1939, *reading.j1939))),
    )


_SINGLE = tuple(
    name
    for name in Telemetry.__struct_fields__
    if name not in ("vehicle_id", "ts_ms", "check_requested", "extras", "dtcs", "j1939")
)
