"""Milliseconds since 1970 UTC to local time and back."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


def is_zone(name: str) -> bool:
    """Whether this is the IANA name of a time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # not found is a KeyError; a folder of the database an OSError
        return False
    return True


def local_time(at_ms: int, zone: tzinfo) -> datetime:
    """The wall clock in ``zone`` at ``at_ms``."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)


def millis(at: datetime) -> int:
    """Milliseconds since 1970 UTC of an aware time."""
    return round(at.timestamp() * 1000)
