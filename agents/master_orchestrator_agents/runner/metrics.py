"""The metrics of a runner."""

from collections.abc import Callable, Iterable

from master_orchestrator_schemas.bounded_names import BoundedNames
from master_orchestrator_schemas.headers import exemplar_of
from master_orchestrator_schemas.messages import Reply, SessionAct
from master_orchestrator_schemas.metrics import REPLY_OUTCOMES, SKIPPED, Metrics
from master_orchestrator_schemas.vocabulary import ActOutcome, AgentType, Lane


class RunnerMetrics:
    """The metrics of one agent type. Label sets are looked up once: that costs more than counting."""

    def __init__(self, metrics: Metrics, agent: AgentType, workers: int) -> None:
        self._metrics, self._agent = metrics, agent
        self._replies = {
            (lane, outcome): metrics.replies.labels(agent, lane, outcome) for lane in Lane for outcome in REPLY_OUTCOMES
        }
        self._waits = {lane: metrics.command_wait_seconds.labels(agent, lane) for lane in Lane}
        self._handlings = {lane: metrics.handling_seconds.labels(agent, lane) for lane in Lane}
        self._skipped = {
            (lane, reason): metrics.commands_skipped.labels(agent, lane, reason) for lane in Lane for reason in SKIPPED
        }
        self._fetched = {lane: metrics.commands_fetched.labels(agent, lane) for lane in Lane}
        self._resources = BoundedNames()
        self._busy = metrics.workers_busy.labels(agent)
        metrics.workers.labels(agent).set(workers)

    def waited(self, lane: Lane, seconds: float, traceparent: str | None) -> None:
        """A command starts. Clocks differ between hosts: a negative wait counts as 0."""
        self._waits[lane].observe(max(seconds, 0.0), exemplar_of(traceparent))

    def replied(self, lane: Lane, reply: Reply, traceparent: str | None) -> None:
        """A handler has returned."""
        outcome = "result" if reply.failure is None else reply.failure.kind.lower()
        self._replies[lane, outcome].inc()
        self._handlings[lane].observe(reply.handled_in_ms / 1000, exemplar_of(traceparent))

    def acted(self, acts: Iterable[SessionAct]) -> None:
        """A handler's acts: those that failed are counted, such as messages that a channel did not take."""
        for act in acts:
            if act.outcome is ActOutcome.FAILURE:
                resource = self._resources.label(act.resource)
                self._metrics.acts_failed.labels(self._agent, resource).inc(act.count)

    def skipped(self, lane: Lane, reason: str) -> None:
        """A command is not handled: ``repeat``, ``deadline_passed`` or ``killed_its_runner``."""
        self._skipped[lane, reason].inc()

    def dead_letter(self, topic: str, reason: str) -> None:
        """A record that is not a valid command."""
        self._metrics.dead_letters.labels(topic, reason).inc()

    def watch_controls(self, lag_s: Callable[[], float]) -> Callable[[], float]:
        """Ask this for the age of what is known of the controls; it is given back."""
        self._metrics.control_lag_seconds.labels(self._agent).set_function(lag_s)
        return lag_s

    def set_counts(self, queued: dict[Lane, int], in_flight: int) -> None:
        """Commands queued and in flight now."""
        for lane, count in queued.items():
            self._fetched[lane].set(count)
        self._busy.set(in_flight)
