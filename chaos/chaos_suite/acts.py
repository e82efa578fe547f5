"""What the vehicles of one gateway do: an endless sequence of acts that follows from the seed. Pure.

A vehicle has :data:`LAPS` acts, :data:`FLEET` acts of its gateway apart, so that most of its workflows have ended by
then; those that have not are joined. Its acts never overlap.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from msgspec import structs

from chaos_suite.codes import Deck, FaultCode, lower_than, reported
from chaos_suite.shots import Scene, Shot, Write
from chaos_suite.spoilt import SPOILT, as_avro, as_json
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.vocabulary import Priority

FLEET, LAPS = 120, 3
SHARES = {Priority.URGENT: 0.25, Priority.HIGH: 0.3, Priority.SCHEDULED: 0.25, Priority.ROUTINE: 0.2}
"""Of the priorities that findings open with."""
JSON, HEALTHY, COPIED, HELD_BACK, SPOILT_SHARE = 0.2, 0.4, 0.08, 0.08, 0.04
"""Of readings: written as JSON, followed by a healthy one, sent twice, overtaken; of acts: with a record to refuse."""
GHOST = 0.08
"""Of the acts of a gateway with transactions: in one that is given up."""
BEFORE_MS = 7
"""How much older a reading that is held back is than the one that overtakes it."""


def acts(seed: int, gateway: str, *, ghosts: bool) -> Iterator[Scene]:
    """All acts of a gateway, in order of their beginning. ``ghosts``: some are to be aborted."""
    for block in itertools.count():
        first = block * FLEET
        fleet = [LoadVehicle(seed, gateway, number, ghosts=ghosts) for number in range(first, first + FLEET)]
        for _lap in range(LAPS):
            for vehicle in fleet:
                yield vehicle.act()


class LoadVehicle:
    """One vehicle with the codes it has not sent yet."""

    def __init__(self, seed: int, gateway: str, number: int, *, ghosts: bool) -> None:
        self.vehicle_id = f"chaos-{seed}-{gateway}-{number:05d}"
        self._draw = random.Random(self.vehicle_id)
        self._deck = Deck(self._draw)
        self._ghosts = ghosts
        self._names = itertools.count()
        self._shots: list[Shot] = []

    def act(self) -> Scene:
        """The next act."""
        draw, self._shots = self._draw, []
        if self._ghosts and draw.random() < GHOST:
            self._ghost()
        else:
            draw.choices((self._plain, self._raised, self._joined, self._checked), (0.55, 0.2, 0.1, 0.15))[0]()
            self._trouble_on_the_way()
        return Scene(self.vehicle_id, tuple(sorted(self._shots, key=lambda shot: shot.after_s)))

    def _plain(self) -> None:
        self._finding(0.0, self._priority(), opens=True)

    def _raised(self) -> None:
        """Something worse soon after: what is outstanding is issued again on a higher lane."""
        worse = self._draw.choice((Priority.URGENT, Priority.HIGH, Priority.SCHEDULED))
        self._finding(0.0, self._draw.choice(lower_than(worse)), opens=True)
        self._finding(self._draw.uniform(0.1, 4.0), worse)

    def _joined(self) -> None:
        milder = self._draw.choice((Priority.HIGH, Priority.SCHEDULED, Priority.ROUTINE))
        first = self._draw.choice([priority for priority in Priority if priority <= milder])
        self._finding(0.0, first, opens=True)
        self._finding(self._draw.uniform(0.1, 6.0), milder)

    def _checked(self) -> None:
        self._check(0.0, opens=True)
        if self._draw.random() < 0.3:
            self._check(self._draw.uniform(0.1, 2.0))
        if self._draw.random() < 0.4:
            self._finding(self._draw.uniform(2.1, 4.0), self._priority())

    def _ghost(self) -> None:
        self._finding(0.0, self._priority())
        (shot,) = self._shots
        self._shots = [replace(shot, expects="none", strict=True, aborted=True)]

    def _priority(self) -> Priority:
        return self._draw.choices(list(SHARES), list(SHARES.values()))[0]

    def _finding(self, after_s: float, priority: Priority, *, opens: bool = False) -> None:
        self._shoot(after_s, "finding", fault=self._deck.take(priority), opens=opens)

    def _check(self, after_s: float, *, opens: bool = False) -> None:
        self._shoot(after_s, "check", opens=opens)

    def _shoot(self, after_s: float, expects: str, *, fault: FaultCode | None = None, **more: Any) -> None:
        write: Write = as_json if self._draw.random() < JSON else as_avro
        name = f"{self.vehicle_id}/{next(self._names)}"
        reading = healthy(self.vehicle_id, self._draw)
        if fault is not None:
            codes = reported(fault, self._draw)
            reading = structs.replace(reading, dtcs=codes.dtcs, j1939=codes.j1939)
        if expects == "check":
            reading = structs.replace(reading, check_requested=True, request_id=name)
        stamp_ms = more.pop("stamp_ms", int(after_s * 1000))
        self._shots.append(
            Shot(name, after_s, stamp_ms, reading, more.pop("write", write), expects, fault=fault, **more)
        )

    def _trouble_on_the_way(self) -> None:
        """Healthy readings in between, copies, readings that are overtaken, and a record that must be refused."""
        for shot in tuple(self._shots):
            if self._draw.random() < HEALTHY:
                self._shoot(shot.after_s + self._draw.uniform(0.02, 0.09), "none")
            if self._draw.random() < HELD_BACK:
                self._hold_back(shot)
        for shot in tuple(self._shots):
            if self._draw.random() < COPIED:
                self._copy(shot)
        if self._draw.random() < SPOILT_SHARE:
            reason, write = self._draw.choice(SPOILT)
            self._shoot(self._draw.uniform(0.0, 2.0), f"dead:{reason}", write=write)

    def _hold_back(self, younger: Shot) -> None:
        """A reading that arrives after ``younger``, which was taken later: whatever it reports, it is too late."""
        fault = self._deck.take(Priority.ROUTINE) if self._draw.random() < 0.5 else None
        after_s, stamp_ms = younger.after_s + self._draw.uniform(0.05, 3.0), younger.stamp_ms - BEFORE_MS
        self._shoot(after_s, "none", fault=fault, strict=True, given=(younger.name,), stamp_ms=stamp_ms)

    def _copy(self, shot: Shot) -> None:
        """The same bytes again. A check asked for twice is two; anything else is known by its time."""
        name = f"{shot.name}+"
        after_s = shot.after_s + self._draw.uniform(0.01, 2.0)
        again = replace(shot, name=name, after_s=after_s, copy=True, opens=False)
        if shot.expects != "check":
            again = replace(again, expects="none", strict=True, given=(*shot.given, shot.name))
        self._shots.append(again)


def healthy(vehicle_id: str, draw: random.Random) -> Telemetry:
    """A reading without a fault, to be stamped."""
    return Telemetry(
        vehicle_id=vehicle_id,
        ts_ms=0,
        coolant_temp_c=float(draw.randint(86, 94)),
        engine_rpm=float(draw.randint(900, 2500)),
        oil_pressure_kpa=float(draw.randint(280, 340)),
        battery_voltage_v=round(draw.uniform(13.6, 14.2), 2),
        speed_kmh=float(draw.randint(20, 110)),
    )
