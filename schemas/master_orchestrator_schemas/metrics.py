"""Every Prometheus metric of the engine and the runners, in one list.

Names follow the Prometheus conventions: prefix ``master_orchestrator_``, base units (``_seconds``), counters end in
``_total``. Nothing is module-global: each process makes one :class:`Metrics`, so tests and façades never share counts.
Labels have few values by design: agent, lane, state, reason, topic, partition; never a vehicle or a workflow. A
priority is labelled by its name (``URGENT``), not its number.
"""

from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Protocol, Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from master_orchestrator_schemas.health import Health, make_http_server

PREFIX = "master_orchestrator"

SHORT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Work inside one process: transactions, timers, restore."""

LONG_SECONDS = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    5.0,
    30.0,
    120.0,
    600.0,
    3600.0,
    21600.0,
    86400.0,
    259200.0,
)
"""Waiting and handling of commands: a no-op takes milliseconds, feedback from a customer up to 72 hours."""

EPISODE_SECONDS = (
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    15.0,
    60.0,
    300.0,
    3600.0,
    14400.0,
    86400.0,
    604800.0,
    1209600.0,
    7776000.0,
)
"""A whole workflow: a simulated one ends in less than a second, a ROUTINE one is due within 90 days."""

BATCH_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def _counter(registry: CollectorRegistry, name: str, says: str, *labels: str) -> Counter:
    return Counter(f"{PREFIX}_{name}", says, labels, registry=registry)


def _gauge(registry: CollectorRegistry, name: str, says: str, *labels: str) -> Gauge:
    return Gauge(f"{PREFIX}_{name}", says, labels, registry=registry)


def _histogram(
    registry: CollectorRegistry, name: str, says: str, buckets: tuple[float, ...], *labels: str
) -> Histogram:
    return Histogram(f"{PREFIX}_{name}", says, labels, registry=registry, buckets=buckets)


class Metrics:
    """All metrics of one process. Children of a label set are cached by prometheus_client; keep them on hot paths.

    Args:
        registry: where they are registered; a new one by default. Two ``Metrics`` cannot share a registry.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._add_workflow_metrics(self.registry)
        self._add_engine_metrics(self.registry)
        self._add_contiguity_metrics(self.registry)
        self._add_runner_metrics(self.registry)
        self.dead_letters = _counter(
            self.registry, "dead_letters_total", "Records sent to the dead-letter topic.", "topic", "reason"
        )

    def _add_workflow_metrics(self, r: CollectorRegistry) -> None:
        """Counted by the engine (and by the in-memory shell)."""
        self.workflows_opened = _counter(r, "workflows_opened_total", "Workflows opened.", "priority")
        self.workflows_ended = _counter(r, "workflows_ended_total", "Workflows ended.", "state", "reason")
        self.workflow_seconds = _histogram(
            r, "workflow_seconds", "Time from opening to end of a workflow.", EPISODE_SECONDS, "state"
        )
        self.transitions = _counter(r, "transitions_total", "State transitions.", "from_state", "to_state")
        self.commands = _counter(r, "commands_total", "Commands issued by the engine.", "agent", "lane")
        self.retries = _counter(r, "retries_total", "Agent steps that went to RETRY.", "agent", "reason")
        self.alerts = _counter(r, "alerts_total", "Calls for a human.", "kind")
        self.readings = _counter(
            r, "readings_total", "Telemetry readings: accepted, or ignored as late or repeated.", "outcome"
        )
        self.rejected_inputs = _counter(
            r, "rejected_inputs_total", "Readable inputs that the rules refused.", "topic", "reason"
        )

        self.dead_letters_by_sender = _counter(
            r, "dead_letters_by_sender_total", "Refused inputs by who sent them (64, then other).", "sender", "reason"
        )
        self.left_out = _counter(
            r,
            "left_out_total",
            "What was not understood of records that were used, by name (64 names, then other).",
            "topic",
            "name",
        )

    def _add_engine_metrics(self, r: CollectorRegistry) -> None:
        """Counted by the engine's shell."""
        self.lag_records = _gauge(
            r, "engine_lag_records", "Records behind the end of an input partition.", "topic", "partition"
        )
        self.lag_seconds = _gauge(
            r, "engine_lag_seconds", "Age of the newest applied record when applied.", "topic", "partition"
        )
        self.batch_records = _histogram(r, "batch_records", "Records per batch of one partition.", BATCH_RECORDS)
        self.transactions = _counter(
            r, "transactions_total", "Kafka transactions: committed, aborted, fenced.", "outcome"
        )
        self.transaction_seconds = _histogram(
            r, "transaction_seconds", "Time of a transaction, from begin to commit.", SHORT_SECONDS, "outcome"
        )
        self.restore_records = _counter(r, "restore_records_total", "Changelog records read back after an assignment.")
        self.restore_seconds = _histogram(
            r, "restore_seconds", "Time to bring one partition's table up to its changelog.", SHORT_SECONDS
        )
        self.timer_delay_seconds = _histogram(
            r, "timer_delay_seconds", "Time from a deadline to the tick sent for it.", SHORT_SECONDS
        )
        self.owned_partitions = _gauge(r, "owned_partitions", "Partitions this engine owns.")
        self.changed_topics = _gauge(r, "changed_topics", "Topics that are not what the topology says: see /ready.")
        self.rebalances = _counter(r, "rebalances_total", "Assignments received from the group.")

    def _add_contiguity_metrics(self, r: CollectorRegistry) -> None:
        """What the record-by-record check of input offsets found."""
        self.duplicate_records = _counter(
            r, "duplicate_records_total", "Input records below the expected offset, dropped.", "topic"
        )
        self.reseeks = _counter(r, "reseeks_total", "Seeks back to the expected offset after a hole.", "topic")
        self.offset_holes = _counter(
            r, "offset_holes_total", "Holes accepted after a reseek: transaction markers, or retention.", "topic"
        )

    def _add_runner_metrics(self, r: CollectorRegistry) -> None:
        """Counted by the agent runners (and by the façade's embedded agents)."""
        self.replies = _counter(
            r, "replies_total", "Replies delivered: result, retryable, permanent.", "agent", "lane", "outcome"
        )
        self.commands_skipped = _counter(
            r,
            "commands_skipped_total",
            "Commands not executed: repeat, deadline_passed, killed_its_runner.",
            "agent",
            "lane",
            "reason",
        )
        self.command_wait_seconds = _histogram(
            r, "command_wait_seconds", "Time from a command's record to its handler.", LONG_SECONDS, "agent", "lane"
        )
        self.handling_seconds = _histogram(
            r, "handling_seconds", "Time a handler took for one command.", LONG_SECONDS, "agent", "lane"
        )
        self.commands_queued = _gauge(
            r, "commands_queued", "Commands fetched and not yet handed to the handler.", "agent", "lane"
        )
        self.commands_in_flight = _gauge(r, "commands_in_flight", "Commands being handled now.", "agent")


class _Server(Protocol):
    """What is used of the HTTP server that prometheus_client starts."""

    server_port: int

    def shutdown(self) -> None: ...

    def server_close(self) -> None: ...


@dataclass
class MetricsServer:
    """A running ``/metrics`` endpoint; a context manager that stops it."""

    port: int
    _server: _Server = field(repr=False)
    _thread: Thread = field(repr=False)

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_metrics_server(
    metrics: Metrics, port: int, host: str = "127.0.0.1", *, health: Health | None = None
) -> MetricsServer:
    """Serve ``metrics`` on ``http://host:port/metrics`` from a daemon thread; port 0 takes a free one.

    With ``health`` also ``/ready`` and ``/live``, see ``health.py``. Loopback by default: whoever wants it reachable
    says so. Raises ``OSError`` when the port is taken.
    """
    server = make_http_server(metrics.registry, health, host, port)
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    return MetricsServer(server.server_port, server, thread)
