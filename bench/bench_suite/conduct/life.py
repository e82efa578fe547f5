"""Some weeks of agents, people and clients at work, as the lines of a recording. Its numbers are not the detector's."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

FIRST_DAY = datetime(2025, 9, 1, tzinfo=UTC)
"""A Monday."""
VEHICLES = 900
DAY_SHARE = (1, 1, 1, 1, 2, 4, 9, 14, 12, 9, 8, 8, 9, 8, 7, 8, 11, 13, 9, 6, 4, 3, 2, 1)
"""How the workflows of a day are spread over its hours: two peaks, as people drive."""
WEEKEND_SHARE = 0.55
SHIFTS = {"operator:ines": (5, 13), "operator:joao": (12, 21)}
CLIENTS = {"client:dispatch": 90, "client:insurer": 25}
"""Requests a day, a good part of them in bursts."""

AgentStep = tuple[str, float, list[tuple[str, str, bool, tuple[int, int]]]]
STEPS: tuple[AgentStep, ...] = (
    ("DATA_ANALYSIS", 20, [("read", "telemetry", True, (80, 600)), ("write", "analysis_report", True, (1, 1))]),
    (
        "DIAGNOSIS",
        120,
        [
            ("read", "dtc_kb", False, (2, 14)),
            ("read", "maintenance_history", True, (0, 25)),
            ("write", "diagnosis", True, (1, 1)),
        ],
    ),
    (
        "CUSTOMER_ENGAGEMENT",
        300,
        [
            ("read", "customer_profile", True, (1, 1)),
            ("send", "push", True, (1, 1)),
            ("write", "customer_profile", True, (1, 1)),
        ],
    ),
    (
        "SCHEDULING",
        7_200,
        [
            ("read", "center_capacity", False, (10, 120)),
            ("write", "appointment", True, (1, 1)),
            ("write", "parts_stock", False, (1, 1)),
        ],
    ),
    ("FEEDBACK", 90_000, [("read", "feedback", True, (0, 3)), ("send", "survey", True, (1, 1))]),
)
"""Agent, the most seconds after the one before, and its acts: action, resource, about the vehicle, rows."""


@dataclass
class RecordedLife:
    """A recording under way.

    Args:
        commands: whether lines say which command an act belongs to.
        workflows: a weekday's, about.
    """

    seed: int
    days: int
    commands: bool
    workflows: float = 70.0
    lines: list[dict[str, Any]] = field(default_factory=list)
    releases: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.opened = 0
        self.instances = {agent: 2 + self.random.randrange(2) for agent, *_ in STEPS}

    def at(self, day: int, hour: float) -> datetime:
        """A moment of the recording."""
        return FIRST_DAY + timedelta(days=day, hours=hour)

    def act(self, time: datetime, agent: str, action: str, resource: str, **more: Any) -> None:
        """One line."""
        line = {"time": time, "agent": agent, "action": action, "resource": resource, "outcome": "success", "rows": 1}
        line |= {"entity": None, "instance": f"{agent.rpartition(':')[2].lower()}-0", **more}
        if self.commands:
            line = {"command": None, "command_entity": None, **line}
        else:
            line.pop("command", None), line.pop("command_entity", None)
        self.lines.append(line)

    def command(self, agent: str, vehicle: str, **more: Any) -> dict[str, Any]:
        """The fields of an act in a new command about a vehicle."""
        self.opened += 1
        return {
            "command": f"{vehicle}~{self.opened}/{agent}",
            "command_entity": vehicle,
            "instance": f"{agent.lower()}-{self.random.randrange(self.instances.get(agent, 1))}",
            **more,
        }

    def vehicle(self) -> str:
        """Any of the fleet."""
        return f"truck-{self.random.randrange(VEHICLES)}"

    def workflow(self, begin: datetime, vehicle: str | None = None) -> None:
        """One vehicle's way through the agents."""
        about, time = vehicle or self.vehicle(), begin
        for agent, most_s, acts in STEPS:
            time += timedelta(seconds=self.random.uniform(0.5, most_s))
            work = self.command(agent, about)
            for action, resource, own, (least, most) in acts:
                for _ in range(1 + (self.random.random() < 0.2)):
                    time += timedelta(seconds=self.random.uniform(0.05, 2))
                    rows = self.random.randint(least, most)
                    self.act(time, agent, action, resource, entity=about if own else None, rows=rows, **work)

    def ordinary(self) -> None:
        """All days of it."""
        for day in range(self.days):
            weekend = self.at(day, 0).weekday() >= 5
            total = self.workflows * (WEEKEND_SHARE if weekend else 1) * self.random.uniform(0.85, 1.15)
            for hour, share in enumerate(DAY_SHARE):
                for _ in range(self._about(total * share / sum(DAY_SHARE))):
                    self.workflow(self.within(day, hour))
            self._people(day, weekend=weekend)
            self._clients(day)
            self._night(day)

    def within(self, day: int, hour: float) -> datetime:
        """Some moment of an hour."""
        return self.at(day, hour + self.random.random())

    def _about(self, expected: float) -> int:
        return max(0, round(self.random.gauss(expected, expected**0.5)))

    def _people(self, day: int, *, weekend: bool) -> None:
        for name, (first, last) in SHIFTS.items():
            for hour in range(first, last, 3 if weekend else 1):
                for _ in range(self.random.randrange(9)):
                    self.act(self.within(day, hour), name, "read", "workflow", entity=self.vehicle())
                if self.random.random() < 0.5:
                    self.act(self.within(day, hour), name, "redrive", "workflow", entity=self.vehicle())
                if self.random.random() < 0.15:
                    self.act(self.within(day, hour), name, "cancel", "workflow", entity=self.vehicle())

    def _clients(self, day: int) -> None:
        for name, requests in CLIENTS.items():
            left = self._about(requests)
            while left > 0:
                burst, begin = self.random.choice((1, 1, 2, 6)), self.within(day, self.random.randrange(24))
                for number in range(burst):
                    self.act(begin + timedelta(seconds=3 * number), name, "read", "workflow", entity=self.vehicle())
                left -= burst

    def _night(self, day: int) -> None:
        """A job that has no command, every night: the month's registers."""
        for minute in range(12 + self.random.randrange(6)):
            time = self.at(day, 1.5) + timedelta(minutes=minute, seconds=self.random.uniform(0, 40))
            about = {"entity": self.vehicle(), "rows": self.random.randint(40, 160)}
            self.act(time, "MANUFACTURING_QUALITY", "read", "production_register", **about)

    def recorded(self) -> Iterator[dict[str, Any]]:
        """The lines in order of time, numbered, with the versions of the time."""
        numbers: dict[tuple[str, str], int] = {}
        for line in sorted(self.lines, key=lambda line: line["time"]):
            writer = line["agent"], line["instance"]
            numbers[writer] = numbers.get(writer, -1) + 1 + line.pop("lost_before", 0)
            version = "1"
            for since, name in self.releases.get(line["agent"], ()):
                version = name if line["time"] >= since else version
            yield {**line, "version": version, "seq": numbers[writer], "time": line["time"].isoformat()}
