"""What owners are told, by language: one TOML file each. Another language is a file and a folder of templates."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from master_orchestrator_schemas.vocabulary import Subsystem

LANGUAGES = ("en", "de", "es", "hi")
"""The first is spoken to those whose language is not among them."""

TRENDING = "_trending"
MISFIRES = ("dtc:P030", "dtc:P031")
"""Trouble codes of misfires (SAE J2012): P0300 to P0312."""

TROUBLES: Mapping[str, str] = MappingProxyType(
    {
        "coolant_boiling": "overheating",
        "coolant_hot": "overheating",
        "coolant_cold": "engine_cold",
        "coolant_sensor_low": "coolant_sensor",
        "coolant_sensor_high": "coolant_sensor",
        "oil_pressure_lost": "oil_pressure",
        "oil_pressure_low": "oil_pressure",
        "oil_pressure_sensor": "oil_sensor",
        "charging_low": "charging_low",
        "charging_high": "charging_high",
        "battery_rest_low": "battery_weak",
        "battery_crank_low": "battery_weak",
        "tyre_flat": "tyre_pressure",
        "tyre_low": "tyre_pressure",
        "tyre_losing": "tyre_loss",
        "brake_pad_gone": "brake_pads",
        "brake_pad_worn": "brake_pads",
        "brake_fluid_low": "brake_fluid",
        "abs_error": "abs",
        "esc_error": "esc",
        "gearbox_boiling": "gearbox_hot",
        "gearbox_hot": "gearbox_hot",
        "fuel_trim_off": "mixture",
        "mil_flashing": "misfire",
        "mil_lit": "warning_lamp",
        "red_stop_lamp": "warning_lamp",
        "hv_battery_hot": "hv_hot",
    }
)
"""A triage rule -> what an owner would call it; of any other rule, and of trouble codes, a fault is reported."""


@dataclass(frozen=True)
class Words:
    """The words of one language.

    Args:
        language: one of ``LANGUAGES``.
        subsystems: what owners call the subsystems; components are for the workshop.
        troubles: what is wrong, by the values of ``TROUBLES`` and ``fault``.
        advice: what to do until the vehicle is seen to, by subsystem.
        stopped: what to do once it has stopped, by subsystem; ``other`` where there is nothing special.
        services: items of regular service, by name; ``other`` for one that a topology has named itself.
    """

    language: str
    subsystems: Mapping[str, str]
    troubles: Mapping[str, str]
    advice: Mapping[str, str]
    stopped: Mapping[str, str]
    services: Mapping[str, str]

    def service(self, item: str) -> str:
        """What an owner calls an item of regular service."""
        return self.services.get(item, self.services["other"])

    def trouble(self, rule: str) -> str:
        """What a rule that fired has seen."""
        if rule.startswith(MISFIRES):
            return self.troubles["misfire"]
        return self.troubles[TROUBLES.get(rule.removesuffix(TRENDING), "fault")]

    def once_stopped(self, subsystem: Subsystem) -> str:
        """What to do once the vehicle has stopped."""
        return self.stopped.get(subsystem, self.stopped["other"])


@cache
def words_of(tag: str) -> Words:
    """The words for a language tag (RFC 5646): ``de-AT`` falls back to ``de``, an unknown one to ``en``."""
    spoken = tag.replace("_", "-").partition("-")[0].lower()
    language = spoken if spoken in LANGUAGES else LANGUAGES[0]
    return Words(language, **tomllib.loads(resources.files(__name__).joinpath(f"{language}.toml").read_text("utf-8")))
