"""Recorded acts of a house of agents, people and clients over some weeks, with attacks and harmless oddities in it.

Its numbers are its own and not the detector's. Times are UTC; day 0 is a Monday.
"""

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
VEHICLES = 2_500
RecordedLine = dict[str, Any]


def at(day: int, hour: float) -> datetime:
    """A moment of the recording."""
    return FIRST_DAY + timedelta(days=day, hours=hour)


@dataclass
class House:
    """A recording under way. ``commands``: whether the lines say which command an act belongs to."""

    seed: int
    commands: bool = True
    lines: list[RecordedLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._workflows = 0

    def act(self, time: datetime, agent: str, action: str, resource: str, **more: Any) -> None:
        """One line; ``command`` and ``command_entity`` are left out where no commands are recorded."""
        line: RecordedLine = {
            "time": time,
            "agent": agent,
            "action": action,
            "resource": resource,
            "outcome": "success",
        }
        line |= more
        for key in ("command", "command_entity"):
            if self.commands:
                line.setdefault(key, None)
            else:
                line.pop(key, None)
        self.lines.append(line)

    def live(self, days: int, load: Callable[[int, int], float] | None = None) -> None:
        """Ordinary life; ``load`` multiplies the hour's workflows."""
        for day in range(days):
            for hour in range(24):
                self._hour(day, hour, load(day, hour) if load else 1.0)
            self._nightly_job(day)

    def workflow(self, time: datetime) -> None:
        """One vehicle's way through the six agents."""
        self._workflows += 1
        vehicle, name = f"car-{self.random.randrange(VEHICLES)}", f"w{self._workflows}"
        for agent, later_s, acts in self._steps(vehicle):
            time += timedelta(seconds=self.random.uniform(1, later_s))
            work = {"command": f"{name}/{agent}/1", "command_entity": vehicle, "instance": self._instance(agent)}
            for action, resource, entity, rows in acts:
                self.act(time, agent, action, resource, entity=entity, rows=rows, **work)

    def _steps(self, vehicle: str) -> Iterator[tuple[str, float, list[tuple[str, str, str | None, int]]]]:
        rows = self.random.randint
        channels = ["push", "sms", "call"][: self.random.choice([1, 1, 1, 2, 3])]
        yield (
            "DATA_ANALYSIS",
            5,
            [("read", "telemetry", vehicle, rows(30, 250)), ("write", "analysis_report", vehicle, 1)],
        )
        yield (
            "DIAGNOSIS",
            40,
            [
                *[("read", "dtc_kb", None, rows(1, 9))] * rows(1, 3),
                ("read", "maintenance_history", vehicle, rows(0, 12)),
                ("write", "diagnosis", vehicle, 1),
            ],
        )
        yield (
            "CUSTOMER_ENGAGEMENT",
            90,
            [("read", "customer_profile", vehicle, 1), *[("send", channel, vehicle, 1) for channel in channels]],
        )
        yield (
            "SCHEDULING",
            4_000,
            [
                ("read", "center_capacity", f"workshop-{rows(0, 5)}", rows(5, 60)),
                ("read", "parts_stock", None, rows(1, 6)),
                ("write", "appointment", vehicle, 1),
            ],
        )
        yield "FEEDBACK", 40_000, [("write", "survey", vehicle, 1)]

    def _hour(self, day: int, hour: int, load: float) -> None:
        begin, weekend = at(day, hour), at(day, hour).weekday() >= 5
        expected = (5 + 9 * math.exp(-(((hour - 13) / 5) ** 2)) * (0.4 if weekend else 1)) * load
        for _ in range(max(0, round(self.random.gauss(expected, 1.5)))):
            self.workflow(begin + self._within_the_hour())
        if 7 <= hour <= 17 and not weekend:
            for _ in range(self.random.randrange(6)):
                self.act(begin + self._within_the_hour(), "operator:ada", "read", "workflow", rows=1)
            if self.random.random() < 0.3:
                self.act(begin + self._within_the_hour(), "operator:ada", "redrive", "workflow", rows=1)
        for _ in range(self.random.randrange(8, 25)):
            self.act(begin + self._within_the_hour(), "client:portal", "read", "workflow", rows=1)

    def _nightly_job(self, day: int) -> None:
        for minute in range(self.random.randint(5, 9)):
            vehicle = f"car-{self.random.randrange(VEHICLES)}"
            self.act(
                at(day, 2) + timedelta(minutes=minute),
                "MANUFACTURING_QUALITY",
                "read",
                "maintenance_history",
                entity=vehicle,
                rows=self.random.randint(20, 80),
                instance="quality-0",
            )

    def _within_the_hour(self) -> timedelta:
        return timedelta(seconds=self.random.uniform(0, 3_600))

    def _instance(self, agent: str) -> str:
        return f"{agent.lower()}-{self.random.randrange(2)}"

    def write(self, file: Path) -> Path:
        """The recording as NDJSON, in order of time."""
        ordered = sorted(self.lines, key=lambda line: line["time"])
        texts = (json.dumps(line | {"seq": seq, "time": line["time"].isoformat()}) for seq, line in enumerate(ordered))
        file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return file
