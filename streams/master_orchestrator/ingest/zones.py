"""Local times to UTC, the repeated hour in autumn included."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FALLS_BACK_MS = 5 * 60_000
"""A local time that is earlier than the vehicle's last by more than this is in the hour's second turn, not late."""


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name (``Europe/Berlin``) or ``UTC``. Raises ValueError."""
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"zone {name!r} is not known: give a name like Europe/Berlin, or UTC") from error


def ms_of(moment: datetime) -> int:
    """Milliseconds since 1970 of a time with a zone."""
    return round(moment.timestamp() * 1_000)


class LocalTimes:
    """Turns local times into milliseconds since 1970, in the order in which each vehicle gives them."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last_ms: dict[str, int] = {}

    def ms(self, local: datetime, vehicle: str) -> int:
        """The moment of a local time. Raises ValueError where the clock jumped over it."""
        first = local.replace(tzinfo=self._zone)
        if self._zone is UTC:
            return ms_of(first)
        second = first.replace(fold=1)
        if first.utcoffset() == second.utcoffset():
            return ms_of(first)
        if first.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != local:
            raise ValueError(f"does not exist in {self._zone}: the clock jumps over it on that day; is the zone right?")
        at_ms, last_ms = ms_of(first), self._last_ms.get(vehicle, 0)
        if at_ms < last_ms - FALLS_BACK_MS:
            at_ms = ms_of(second)
        self._last_ms[vehicle] = max(at_ms, last_ms)
        return at_ms
