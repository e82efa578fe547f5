"""What a rule may look at: a field of :class:`Telemetry`, or ``extras.NAME``, a number that has no field.

The prefix keeps the two apart. Without it a misspelt field would be taken for a number that never comes, and its rule
would be blind without a word.
"""

from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator

from master_orchestrator_schemas.messages import SIGNALS

SWITCHES: tuple[str, ...] = ("brake_fluid_low", "abs_error", "esc_error", "mil_on", "mil_flashing", "red_stop_lamp")
"""The signals of :class:`Telemetry` that are true or false."""

TYRE_SIGNALS: tuple[str, ...] = ("tyre_fl_kpa", "tyre_fr_kpa", "tyre_rl_kpa", "tyre_rr_kpa")

EXTRAS = "extras."
MAX_NAME_CHARACTERS = 64
MAX_EXTRAS_READ = 24
"""Different ``extras.NAME`` in all rules: which signals a reading had is kept in one integer of 64 bits."""


def name_in_extras(signal: str) -> str | None:
    """``NAME`` of ``extras.NAME``; None for a field."""
    return signal.removeprefix(EXTRAS) if signal.startswith(EXTRAS) else None


def _known_signal(signal: str) -> str:
    name = name_in_extras(signal)
    if name is None:
        if signal not in SIGNALS and signal not in SWITCHES:
            raise ValueError(f"{signal!r} is not a signal; {_instead_of(signal)}")
    elif name in SIGNALS or name in SWITCHES:
        raise ValueError(f"{name} is a field and does not come in extras; write {name}")
    elif not name.isprintable() or not 0 < len(name.strip()) == len(name) <= MAX_NAME_CHARACTERS:
        raise ValueError(f"{signal!r} does not name a number in extras; write 1 to {MAX_NAME_CHARACTERS} characters")
    return signal


def _instead_of(signal: str) -> str:
    """What to write for an unknown name: the nearest field, and how to name a number in extras."""
    near = get_close_matches(signal, (*SIGNALS, *SWITCHES), n=1)
    field = near[0] if near else "a field of Telemetry (coolant_temp_c)"
    return f"write {field}, or {EXTRAS}{signal} for a number in extras"


SignalName = Annotated[str, AfterValidator(_known_signal)]
