"""The demo's loop: read along, keep the children alive, show the table, notice the end."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live

from master_orchestrator.demo.board import Board
from master_orchestrator.demo.ending import Ending
from master_orchestrator.demo.lag import LagProbe
from master_orchestrator.demo.render import Pulse, live_view, progress_line
from master_orchestrator.demo.terms import DemoTerms
from master_orchestrator.readers.decoding import decoded
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator.simulation.gateway import GatewayTally
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Status

POLL_S = 0.1
SHOW_EVERY_S = 0.25
LINE_EVERY_S = 2.0
UNREAD_EVERY_S = 1.0
RATE_OVER_S = 2.0
LINES_BESIDE_ROWS = 6
"""Of the terminal's height: header, figures, and the lines before the table."""


@dataclass(frozen=True)
class Reading:
    """What the loop reads: the statuses and the engine's lag."""

    status: TopicReader
    codec: Codec
    lag: LagProbe


@dataclass(frozen=True)
class Sending:
    """The fleet as the loop sees it: what has been sent so far, and whether that is all."""

    tally: GatewayTally
    done: Callable[[], bool]


class Rates:
    """Readings and changes per second over the last :data:`RATE_OVER_S` seconds. Time is an argument."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int, int]] = deque()

    def over(self, now_s: float, readings: int, changes: int) -> tuple[float, float]:
        """Take a mark and return both rates."""
        self._marks.append((now_s, readings, changes))
        while now_s - self._marks[0][0] > RATE_OVER_S:
            self._marks.popleft()
        then_s, readings_then, changes_then = self._marks[0]
        span_s = now_s - then_s
        return ((readings - readings_then) / span_s, (changes - changes_then) / span_s) if span_s > 0 else (0.0, 0.0)


class DemoWatch:
    """Watches one run. ``faults``: what is broken, by vehicle id."""

    def __init__(self, terms: DemoTerms, board: Board, faults: Mapping[str, str], console: Console) -> None:
        self._terms = terms
        self._board = board
        self._faults = faults
        self._console = console
        self._ending = Ending(terms.started_s + terms.timeout_s)
        self._rates = Rates()
        self._unread = (0.0, 1)
        self._shown_s = 0.0
        self.first_completed_s: float | None = None

    def until_ended(
        self,
        keep_alive: Callable[[], None],
        reading: Reading,
        fleet: Sending,
        interrupted: Callable[[], bool],
    ) -> str | None:
        """Loop until the end; None if it came by itself, else why it was cut short."""
        with self._screen() as live:
            while True:
                keep_alive()
                statuses = decoded(reading.status.poll(POLL_S), Status, reading.codec)
                self._take(statuses)
                now_s = time.monotonic()
                rates = self._rates.over(now_s, fleet.tally.acknowledged, self._board.changes)
                self._show(live, now_s, fleet.tally, rates)
                if interrupted():
                    return "interrupted"
                if self._ending.overdue(now_s):
                    return f"not everything had ended after {self._terms.timeout_s:g} s"
                if self._over(now_s, fleet, reading.lag):
                    return None

    def _take(self, statuses: Iterable[Status]) -> None:
        for status in statuses:
            self._board.apply(status)
        if self.first_completed_s is None and self._board.completed:
            self.first_completed_s = time.monotonic() - self._terms.started_s
            self._console.print(f"first COMPLETED after {self.first_completed_s:.1f} s", style="green")

    def _over(self, now_s: float, fleet: Sending, lag: LagProbe) -> bool:
        fleet_done = fleet.done()
        if fleet_done and now_s - self._unread[0] >= UNREAD_EVERY_S:
            self._unread = now_s, lag.unread()
        return self._ending.ended(
            now_s,
            fleet_done=fleet_done,
            unread=self._unread[1],
            open_workflows=len(self._board.open),
            changes=self._board.changes,
        )

    def _screen(self) -> "AbstractContextManager[Live | None]":
        if not self._console.is_terminal:
            return nullcontext()
        return Live(console=self._console, auto_refresh=False, transient=True)

    def _show(self, live: Live | None, now_s: float, tally: GatewayTally, rates: tuple[float, float]) -> None:
        if now_s - self._shown_s < (SHOW_EVERY_S if live else LINE_EVERY_S):
            return
        self._shown_s = now_s
        pulse = Pulse(now_s - self._terms.started_s, tally.acknowledged, *rates)
        if live is None:
            self._console.print(progress_line(self._board, pulse), soft_wrap=True, highlight=False)
            return
        most_rows = max(3, self._console.height - LINES_BESIDE_ROWS)
        live.update(live_view(self._board, pulse, int(time.time() * 1000), most_rows, self._faults), refresh=True)
