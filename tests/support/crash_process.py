"""Engines and runners that die at crash points, as processes forked from one that has imported everything.

A start costs the time to join and to restore, not that of the imports: there are many.
"""

import multiprocessing
import signal
from collections.abc import Callable
from typing import Any

import msgspec

from support.crash_hooks import CrashEvidence, CrashPlan

DIES_IN_S = 30.0
STOPS_IN_S = 30.0
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "master_orchestrator.shell.worker", "master_orchestrator_agents"])


class Life:
    """One process; ``plan`` says where it dies, None that it lives until it is ended."""

    def __init__(self, target: Callable[..., None], *given: Any, plan: CrashPlan | None) -> None:
        self._plan = plan
        self._process = FORKS.Process(target=target, args=(*given, plan), daemon=True)
        self._process.start()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.is_alive()

    def died_as_planned(self, wait_s: float) -> bool:
        """Wait for the end; True when it was the planned one. An assertion error when it was another."""
        assert self._plan is not None
        self._process.join(wait_s)
        if self._process.is_alive():
            return False
        assert -signal.SIGKILL == self._process.exitcode, f"{self._plan.case}: ended otherwise, see its log"
        return True

    def evidence(self) -> CrashEvidence:
        """What the process wrote before it died."""
        assert self._plan is not None
        written = msgspec.json.decode(self._plan.evidence.read_bytes(), type=CrashEvidence)
        assert str(self._plan.case) == written.case
        return written

    def end(self) -> None:
        """kill -9, and wait until it is gone."""
        self._process.kill()
        self._process.join()
