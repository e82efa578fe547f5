"""What was built: the register that claims are counted against."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Built:
    """Where a vehicle comes from. ``month``: ``YYYY-MM``."""

    model: str
    month: str


class ProductionRegister(Protocol):
    """The maker's production figures."""

    def built(self, vehicle_id: str, model: str | None) -> Built:
        """Model and build month of a vehicle; ``model`` as its telemetry names it, if it does."""

    def volumes(self, model: str) -> Mapping[str, int]:
        """Vehicles built, by month."""
