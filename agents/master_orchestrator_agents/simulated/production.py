"""A simulated production register: every vehicle has a model and a build month, drawn from its id."""

from collections.abc import Mapping
from datetime import date

from master_orchestrator_agents.reference.ports import Built
from master_orchestrator_agents.reference.scheduling.seeding import seeded

MODELS = ("compact", "estate", "van")
LAST_MONTH = date(2025, 12, 1)
MONTHS = 36
VOLUME = (600, 1_400)
"""Vehicles per model and month: between these."""


class SimulatedProduction:
    """Three years of three models; a model it has not heard of was built in the same months."""

    def __init__(self, *, seed: int = 0) -> None:
        self._seed = seed
        self._volumes: dict[str, Mapping[str, int]] = {}

    def built(self, vehicle_id: str, model: str | None) -> Built:
        """Model and build month by the vehicle's id."""
        rng = seeded(self._seed, "built", vehicle_id)
        drawn = rng.choice(MODELS)
        return Built(model or drawn, _month(rng.randrange(MONTHS)))

    def volumes(self, model: str) -> Mapping[str, int]:
        """Vehicles built by month."""
        if model not in self._volumes:
            rng = seeded(self._seed, "volumes", model)
            self._volumes[model] = {_month(back): rng.randint(*VOLUME) for back in range(MONTHS)}
        return self._volumes[model]


def _month(back: int) -> str:
    """``YYYY-MM`` N months before the last."""
    months = LAST_MONTH.year * 12 + LAST_MONTH.month - 1 - back
    return f"{months // 12}-{months % 12 + 1:02d}"
