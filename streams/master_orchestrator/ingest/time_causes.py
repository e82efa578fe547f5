"""Why a reading's time cannot be: the likely mistake, and what to set."""

from datetime import UTC, datetime

from master_orchestrator_schemas.values import number

YEAR_2000_S, DAY_S = 946_684_800, 86_400
FIRST_EXCEL_DAY, LAST_EXCEL_DAY = 36_526, 73_050
"""2000-01-01 and 2099-12-31 as spreadsheets count days."""
MAX_DRIVE_S = 30 * DAY_S


def cause(at_ms: int, cell: object, latest_ms: int) -> str:
    """What is wrong with a time before 2000 or after ``latest_ms``."""
    counted = number(cell) if isinstance(cell, str) else cell
    what = f"is {_shown(at_ms)}"
    if at_ms > latest_ms:
        return f"{what}, in the future: {_ahead(at_ms, latest_ms)}"
    if isinstance(counted, int | float):
        return f"{what}, before 2000: {_behind(float(counted), latest_ms)}"
    return f"{what}, before 2000: the vehicle's clock was not set"


def _ahead(at_ms: int, latest_ms: int) -> str:
    if at_ms - latest_ms <= 14 * 3_600_000:
        return "is it local time? give its zone with --zone, or set the vehicle's clock"
    return "is its unit right (seconds or milliseconds since 1970)? or was the vehicle's clock wrong?"


def _behind(counted: float, latest_ms: int) -> str:
    if YEAR_2000_S <= counted <= latest_ms / 1_000:
        return "it looks like seconds in a column of milliseconds: name the column ts (columns: {NAME: ts} in a map)"
    if FIRST_EXCEL_DAY <= counted <= LAST_EXCEL_DAY:
        day = datetime.fromtimestamp((counted - 25_569) * DAY_S, UTC).date()
        return (
            f"it looks like a spreadsheet's day number ({day}): set ts: {{kind: excel, column: NAME}} in a map; "
            "or like seconds since the start: {kind: elapsed, column: NAME} and --start"
        )
    if 0 <= counted <= MAX_DRIVE_S:
        return "it looks like seconds since the start: set ts: {kind: elapsed, column: NAME} in a map, and --start"
    return "the vehicle's clock was not set"


def _shown(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "beyond the years that a calendar has"
