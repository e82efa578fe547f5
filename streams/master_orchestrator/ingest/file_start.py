"""When a file starts, as its name, the lines above its header or the user say."""

import re
from datetime import datetime
from pathlib import Path

from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.times import TimeTexts, UnclearDateError

_DATE = r"(?<!\d)(?P<year>20\d{2}|19\d{2})(?P<mark>[-_.]?)(?P<month>\d{2})(?P=mark)(?P<day>\d{2})"
_IN_NAME = re.compile(
    rf"{_DATE}(?:[ T_-]+(?P<hour>\d{{2}})[-_.:h]?(?P<minute>\d{{2}})(?:[-_.:m]?(?P<second>\d{{2}}))?(?!\d))?(?!\d)"
)
_SAID = re.compile(r"(?:start|begin|date|created|recorded)[^=:]*[=:]\s*(?P<time>.+)$", re.IGNORECASE)


def start_in_name(path: Path) -> tuple[datetime, bool] | None:
    """The date in a file's name, and whether the time of day is there too. Raises :class:`ColumnMapError`."""
    match = _IN_NAME.search(path.name)
    if match is None:
        return None
    try:
        day = datetime(int(match["year"]), int(match["month"]), int(match["day"]))  # noqa: DTZ001 - local, as it stands
        if match["hour"] is None:
            return day, False
        return day.replace(hour=int(match["hour"]), minute=int(match["minute"]), second=int(match["second"] or 0)), True
    except ValueError as error:
        raise ColumnMapError(f"{path}: {match[0]} in its name is not a date ({error})") from error


def start_above(path: Path, preamble: tuple[str, ...], day_first: bool | None) -> datetime | None:  # noqa: FBT001
    """The time in a line like ``# StartTime = 08/05/2026 05:57:56 PM``. Raises :class:`ColumnMapError`."""
    for line in preamble:
        match = _SAID.search(line)
        try:
            if match:
                return TimeTexts(day_first).parse(match["time"].strip(' ,;"'))
        except UnclearDateError as error:
            raise ColumnMapError(f"{path}: {match['time'].strip()!r} {error}") from error  # type: ignore[index]
        except ValueError:
            continue
    return None
