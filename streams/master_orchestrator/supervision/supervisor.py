"""Start services stage by stage, start again what dies, stop all in reverse."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from master_orchestrator.errors import OrchestratorError
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.supervision.services import Service, end_all

log = structlog.get_logger(__name__)

STOP_TIMEOUT_S = 40.0
"""Agents drain for 20 s and take up to 16 s more to send, commit and leave; killed before that, they work again."""
POLL_S = 0.1


class NotStartableError(OrchestratorError):
    """A service ended at its very first start because of how it was called, or of what it found."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} cannot run as it was told to: see its error above, and start again")


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a service is started again: doubling from `first_s` to `max_s` with each death.

    A service that ran for `forgiven_after_s` begins at `first_s` again.
    """

    first_s: float = 0.5
    max_s: float = 30.0
    forgiven_after_s: float = 30.0

    def wait_s(self, deaths: int) -> float:
        """The wait after the `deaths`-th death in a row (from 1)."""
        return min(self.max_s, self.first_s * 2.0 ** min(deaths - 1, 30))


@dataclass
class _Watched:
    service: Service
    started_at: float
    deaths: int = 0
    starts: int = 1
    start_at: float | None = None  # set while it waits to be started again
    done: bool = False


class Supervisor:
    """Keeps `stages` of services running; a later stage may rely on the earlier ones.

    As a context manager it stops what was started, last stage first, also when starting fails half-way.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[Service]],
        backoff: Backoff | None = None,
        *,
        stop_timeout_s: float = STOP_TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stages = stages
        self._backoff = backoff or Backoff()
        self._stop_timeout_s = stop_timeout_s
        self._clock = clock
        self._watched: list[_Watched] = []
        self._prepared: list[Service] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def prepare_stage(self, index: int) -> None:
        """Let the services of a later stage begin what needs nothing of the earlier ones."""
        for service in self._stages[index]:
            service.prepare()
            self._prepared.append(service)

    def start_stage(self, index: int) -> None:
        """Start the services of one stage for the first time; what they raise is the caller's to show."""
        for service in self._stages[index]:
            service.start()
            self._watched.append(_Watched(service, self._clock()))
            self._prepared = [other for other in self._prepared if other is not service]
            log.info("started", service=service.name)

    def start(self) -> None:
        """Start every stage in order."""
        for index in range(len(self._stages)):
            self.start_stage(index)

    def watch(self) -> None:
        """Look at every service once, and start again those whose wait is over. Call it every 100 ms or so.

        Raises NotStartableError.
        """
        for watched in self._watched:
            if watched.done:
                continue
            if watched.start_at is not None:
                if self._clock() >= watched.start_at:
                    self._start_again(watched)
            elif (code := watched.service.exit_code()) is not None:
                self._died(watched, code)

    def watch_until(self, finished: Callable[[], bool]) -> None:
        """Watch until `finished()`."""
        while not finished():
            self.watch()
            time.sleep(POLL_S)

    def done(self, name: str) -> bool:
        """Whether the finite service `name` has ended its work."""
        return any(watched.done for watched in self._watched if watched.service.name == name)

    def stop(self) -> None:
        """End the services, last stage first, those of a stage side by side."""
        for stage in reversed(self._stages):
            started = [w.service for w in self._watched if w.service in stage]
            prepared = [service for service in self._prepared if service in stage]
            end_all([*started, *prepared], self._stop_timeout_s)
            for service in started:
                log.info("stopped", service=service.name)
        self._watched.clear()
        self._prepared.clear()

    def _died(self, watched: _Watched, code: int) -> None:
        if watched.service.finite and code == 0:
            watched.done = True
            log.info("finished", service=watched.service.name)
            return
        now = self._clock()
        if (
            code == ExitCode.MISTAKE
            and watched.starts == 1
            and now - watched.started_at < self._backoff.forgiven_after_s
        ):
            raise NotStartableError(watched.service.name)
        watched.deaths = 1 if now - watched.started_at >= self._backoff.forgiven_after_s else watched.deaths + 1
        wait_s = self._backoff.wait_s(watched.deaths)
        watched.start_at = now + wait_s
        log.warning("died", service=watched.service.name, exit_code=code, starts_again_in_s=wait_s)

    def _start_again(self, watched: _Watched) -> None:
        watched.start_at, watched.started_at = None, self._clock()
        watched.starts += 1
        try:
            watched.service.start()
        except (OrchestratorError, OSError) as error:
            log.warning("not_started", service=watched.service.name, error=str(error))
            return  # it is found dead at the next look, and waits longer
        watched.started_at = self._clock()
        log.info("restarted", service=watched.service.name)
