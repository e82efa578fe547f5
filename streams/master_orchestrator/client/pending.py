"""Requests on their way: which record the engine's answers belong to."""

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future

from master_orchestrator.errors import EngineSilentError, OrchestratorError, kafka_error
from master_orchestrator.ports import EngineAnswer
from master_orchestrator_schemas.kafka_trouble import unreachable
from master_orchestrator_schemas.messages import Cause


class KafkaPending:
    """One request: first it has no place, then the broker says where it stands, then an answer names that place.

    The answer may be read before the place is known, so those about the request's vehicle are kept meanwhile.
    """

    def __init__(self, vehicle_id: str, servers: str, behind: Callable[[Cause], int | None]) -> None:
        self.vehicle_id = vehicle_id
        self.answer: Future[EngineAnswer] = Future()
        self.answer.set_running_or_notify_cancel()  # giving up waiting does not undo a record
        self._servers, self._behind = servers, behind
        self._cause: Cause | None = None
        self._early: list[EngineAnswer] = []

    def overdue(self, seconds: float) -> OrchestratorError:
        """No broker has acknowledged the record, or no engine has worked on it. Asks Kafka which."""
        cause = self._cause
        if cause is None:
            return kafka_error(unreachable(self._servers, f"the record was not acknowledged within {seconds:g} s"))
        return EngineSilentError(cause.topic, cause.partition, cause.offset, seconds, self._behind(cause))

    def stands_at(self, cause: Cause) -> EngineAnswer | None:
        """Take note of the record's place; the answer, if it has come already."""
        self._cause = cause
        return next((answer for answer in self._early if answer.cause == cause), None)

    def is_answered_by(self, answer: EngineAnswer) -> bool:
        """Whether this is the request's answer; kept for later if that cannot be said yet."""
        if self._cause is None:
            self._early.append(answer)
            return False
        return answer.cause == self._cause


class Correlator:
    """All requests on their way, by vehicle. Thread-safe; futures are settled outside the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, list[KafkaPending]] = defaultdict(list)

    def expect(self, pending: KafkaPending) -> None:
        """Before the record is sent: from now on, answers about its vehicle are of interest."""
        with self._lock:
            self._waiting[pending.vehicle_id].append(pending)

    def delivered(self, pending: KafkaPending, cause: Cause) -> tuple[KafkaPending, EngineAnswer] | None:
        """The broker has the record at ``cause``; the settled pair, if its answer was read before."""
        with self._lock:
            answer = pending.stands_at(cause)
            if answer is None:
                return None
            self._forget(pending)
            return pending, answer

    def undelivered(self, pending: KafkaPending, why: str) -> None:
        """The broker will not have the record."""
        with self._lock:
            self._forget(pending)
        pending.answer.set_exception(OrchestratorError(f"the record of {pending.vehicle_id} was not taken: {why}"))

    def answered(self, vehicle_id: str, answer: EngineAnswer) -> KafkaPending | None:
        """The request that this is the answer to, if one of ours."""
        with self._lock:
            for pending in self._waiting.get(vehicle_id, ()):
                if pending.is_answered_by(answer):
                    self._forget(pending)
                    return pending
            return None

    def forget(self, pending: KafkaPending) -> None:
        """The request was not sent."""
        with self._lock:
            self._forget(pending)

    def _forget(self, pending: KafkaPending) -> None:
        still = [other for other in self._waiting.pop(pending.vehicle_id, ()) if other is not pending]
        if still:
            self._waiting[pending.vehicle_id] = still
