"""Ages that users give: `--older-than 2h`."""

from __future__ import annotations

import time

from master_orchestrator.cli.context import UsageError


def moment_before(age: str | None, option: str) -> int | None:
    """The time that lies so long ago, milliseconds since 1970 UTC. Raises :class:`UsageError`."""
    from master_orchestrator_schemas.units import parse_duration

    if age is None:
        return None
    try:
        return time.time_ns() // 1_000_000 - parse_duration(age)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
