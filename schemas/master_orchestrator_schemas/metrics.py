"""Every Prometheus metric of the engine and the runners: the one table, from which they are registered.

Names follow the Prometheus conventions: base units (``_seconds``), counters end in ``_total``. Nothing is
module-global: each process makes one :class:`Metrics` with what is its own, so tests and façades never share counts.
Labels have few values by design: agent, lane, state, reason, topic, partition; never a vehicle or a workflow. A
priority is labelled by its name (``URGENT``), a lane by its name (``urgent``). Known sets of labels start at 0:
Prometheus does not see the first event of a series that begins with it.
"""

from importlib.metadata import version
from platform import python_version
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector

from master_orchestrator_schemas.binary import FORM
from master_orchestrator_schemas.metric_kinds import PREFIX, LiveGauge, Metric, Process
from master_orchestrator_schemas.vocabulary import (
    ActOutcome,
    AgentType,
    AlertKind,
    ControlLevel,
    FailureKind,
    FindingLabel,
    Lane,
    Priority,
    Reason,
    State,
)

__all__ = ["PREFIX", "Metrics"]

SHORT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Work inside one process: transactions, timers, restore."""

LONG_BUCKETS_S = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.0,
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

EPISODE_BUCKETS_S = (
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


STATE_BUCKETS_S = (0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 14400.0, 86400.0, 604800.0, 7776000.0)
"""From a reply to an appointment months ahead."""

ENGINE, RUNNER, UEBA, STREAM = Process.ENGINE, Process.RUNNER, Process.UEBA, Process.STREAM
AGENTS, LANES = tuple(AgentType), tuple(Lane)
PRIORITIES = tuple(priority.name for priority in Priority)
OPEN_STATES = tuple(state for state in State if state not in (State.COMPLETED, State.FAILED))
FAILED_REASONS = (Reason.RETRIES_EXHAUSTED, Reason.AGENT_REJECTED, Reason.CANCELLED)
ENDS = [(State.FAILED if reason in FAILED_REASONS else State.COMPLETED, reason) for reason in Reason]
RETRY_REASONS = ("timeout", "agent_failed", "invalid_result", "not_booked", "asked_later")
REPLY_OUTCOMES = ("result", *(kind.lower() for kind in FailureKind))
SKIPPED = ("repeat", "deadline_passed", "killed_its_runner")
TRANSACTION_ENDS = ("committed", "aborted", "fenced")
BY_AGENT_AND_LANE = {"agent": AGENTS, "lane": LANES}


class Metrics:
    """The metrics of one process. Children of a label set are cached by prometheus_client; keep them on hot paths.

    Args:
        process: whose metrics to register; those of both by default.
        registry: where they are registered; a new one by default. Two ``Metrics`` cannot share a registry.
    """

    workflows = Metric(
        LiveGauge, "workflows", "Open workflows, from the engine's table.",
        {"state": OPEN_STATES, "priority": PRIORITIES}, process=ENGINE,
    )  # fmt: skip
    workflows_opened = Metric(
        Counter, "workflows_opened_total", "Workflows opened.", {"priority": PRIORITIES}, process=ENGINE
    )
    workflows_ended = Metric(
        Counter, "workflows_ended_total", "Workflows ended.", {"state": None, "reason": None}, only=ENDS, process=ENGINE
    )
    workflow_seconds = Metric(
        Histogram, "workflow_seconds", "Time from opening to end of a workflow.",
        {"priority": PRIORITIES, "state": (State.COMPLETED, State.FAILED)}, buckets=EPISODE_BUCKETS_S, process=ENGINE,
    )  # fmt: skip
    state_seconds = Metric(
        Histogram, "state_seconds", "Time that a workflow was in a state, when it leaves it.",
        {"state": None, "priority": None}, buckets=STATE_BUCKETS_S, process=ENGINE,
    )  # fmt: skip
    transitions = Metric(
        Counter, "transitions_total", "State transitions.", {"from_state": None, "to_state": None}, process=ENGINE
    )
    commands = Metric(Counter, "commands_total", "Commands issued by the engine.", BY_AGENT_AND_LANE, process=ENGINE)
    commands_open = Metric(
        LiveGauge, "commands_open", "Commands that the engine has no reply to.", BY_AGENT_AND_LANE, process=ENGINE
    )
    commands_oldest_seconds = Metric(
        LiveGauge, "commands_oldest_seconds", "Age of the oldest command without a reply.", BY_AGENT_AND_LANE,
        process=ENGINE,
    )  # fmt: skip
    lane_bound_seconds = Metric(
        Gauge, "lane_bound_seconds", "How long a command of a lane may wait; not of agents that wait for people.",
        {"agent": None, "lane": None}, process=ENGINE,
    )  # fmt: skip
    retries = Metric(
        Counter, "retries_total", "Agent steps that went to RETRY, without redrives.",
        {"agent": AGENTS, "reason": RETRY_REASONS}, process=ENGINE,
    )  # fmt: skip
    redrives = Metric(
        Counter, "redrives_total", "FAILED workflows sent back to the step they failed in.", {"agent": AGENTS},
        process=ENGINE,
    )  # fmt: skip
    campaign_work = Metric(
        Counter, "campaign_work_total", "Work of campaigns on vehicles, by what became of it.", {"became": None},
        process=ENGINE,
    )  # fmt: skip
    service_items = Metric(
        Counter, "service_items_total", "Items of regular service, by what became of them.",
        {"became": ("opened", "joined", "done")}, process=ENGINE,
    )  # fmt: skip
    alerts = Metric(Counter, "alerts_total", "Calls for a human.", {"kind": tuple(AlertKind)}, process=STREAM)
    readings = Metric(
        Counter, "readings_total", "Telemetry readings: accepted, or ignored as late or repeated.",
        {"outcome": ("accepted", "ignored")}, process=ENGINE,
    )  # fmt: skip
    rules_blinded = Metric(
        Counter, "rules_blinded_total", "Vehicles that began to report too slowly for a triage rule.", {"rule": None},
        process=ENGINE,
    )  # fmt: skip
    rule_labels = Metric(
        Counter, "rule_labels_total", "What repairs said about triage rules that had fired; all trouble codes are one.",
        {"rule": None, "label": tuple(FindingLabel)}, process=ENGINE,
    )  # fmt: skip
    cause_labels = Metric(
        Counter, "cause_labels_total", "What repairs said about the likeliest cause of DIAGNOSIS (64, then other).",
        {"cause": None, "label": tuple(FindingLabel)}, process=ENGINE,
    )  # fmt: skip
    rule_precision_floor = Metric(
        Gauge, "rule_precision_floor_ratio", "The precision from which on a rule is good enough.", process=ENGINE
    )
    rule_labels_needed = Metric(
        Gauge, "rule_labels_needed", "How many labels a rule needs before it is judged.", process=ENGINE
    )
    unmapped_repairs = Metric(
        Counter, "unmapped_repairs_total", "Repairs whose text says nothing that is in the component vocabulary.",
        process=ENGINE,
    )  # fmt: skip
    owner_ratings = Metric(
        Counter, "owner_ratings_total", "Owners' ratings of repairs.", {"csat": tuple("12345")}, process=ENGINE
    )
    owner_recommendations = Metric(
        Counter, "owner_recommendations_total", "Owners by their recommendation: promoters from 9, detractors to 6.",
        {"attitude": ("promoter", "passive", "detractor")}, process=ENGINE,
    )  # fmt: skip
    fixed_first_time = Metric(
        Counter, "fixed_first_time_total", "Owners who say whether it was fixed right first time.",
        {"fixed": ("yes", "no")}, process=ENGINE,
    )  # fmt: skip
    rejected_inputs = Metric(
        Counter, "rejected_inputs_total", "Readable inputs that the rules refused.", {"topic": None, "reason": None},
        process=ENGINE,
    )  # fmt: skip
    dead_letters_by_sender = Metric(
        Counter, "dead_letters_by_sender_total", "Refused inputs by who sent them (64, then other).",
        {"sender": None, "reason": None}, process=STREAM,
    )  # fmt: skip
    left_out = Metric(
        Counter, "left_out_total", "What was not understood of records that were used, by name (64, then other).",
        {"topic": None, "name": None}, process=STREAM,
    )  # fmt: skip
    dead_letters = Metric(
        Counter, "dead_letters_total", "Records sent to the dead-letter topic.", {"topic": None, "reason": None}
    )
    input_lag_records = Metric(
        LiveGauge, "input_lag_records", "Records of an input partition that are not applied.",
        {"topic": None, "partition": None}, process=STREAM,
    )  # fmt: skip
    input_oldest_seconds = Metric(
        LiveGauge, "input_oldest_seconds", "At most so old is the oldest record that is not applied; 0 if all are.",
        {"topic": None, "partition": None}, process=STREAM,
    )  # fmt: skip
    batch_records = Metric(
        Histogram, "batch_records", "Records per batch of one partition.", buckets=BATCH_RECORDS, process=STREAM
    )
    transactions = Metric(
        Counter, "transactions_total", "Kafka transactions.", {"outcome": TRANSACTION_ENDS}, process=STREAM
    )
    transaction_seconds = Metric(
        Histogram, "transaction_seconds", "Time of a committed transaction, its commands sent.",
        buckets=SHORT_BUCKETS_S, process=STREAM,
    )  # fmt: skip
    last_commit_timestamp_seconds = Metric(
        LiveGauge, "last_commit_timestamp_seconds", "When a partition's newest transaction was committed.",
        {"partition": None}, process=STREAM,
    )  # fmt: skip
    timers_pending = Metric(LiveGauge, "timers_pending", "Deadlines that are waited for.", process=STREAM)
    timer_delay_seconds = Metric(
        Histogram, "timer_delay_seconds", "Time from a deadline to the tick sent for it.", buckets=SHORT_BUCKETS_S,
        process=STREAM,
    )  # fmt: skip
    restore_done_ratio = Metric(
        Gauge, "restore_done_ratio", "How much of a partition's table is restored; 1 when it is owned.",
        {"partition": None}, process=STREAM,
    )  # fmt: skip
    restore_records = Metric(
        Counter, "restore_records_total", "Changelog records read back after an assignment.", process=STREAM
    )
    restore_seconds = Metric(
        Histogram, "restore_seconds", "Time to bring the tables of an assignment up to their changelog.",
        buckets=SHORT_BUCKETS_S, process=STREAM,
    )  # fmt: skip
    table_bytes = Metric(
        LiveGauge, "table_bytes", "Estimated size of a partition's table.", {"partition": None}, process=STREAM
    )
    owned_partitions = Metric(Gauge, "owned_partitions", "Partitions this engine owns.", process=STREAM)
    changed_topics = Metric(
        Gauge, "changed_topics", "Topics that are not what the topology says: see /ready.", process=STREAM
    )
    rebalances = Metric(Counter, "rebalances_total", "Assignments received from the group.", process=STREAM)
    duplicate_records = Metric(
        Counter, "duplicate_records_total", "Input records below the expected offset, dropped.", {"topic": None},
        process=STREAM,
    )  # fmt: skip
    reseeks = Metric(
        Counter, "reseeks_total", "Seeks back to the expected offset after a hole.", {"topic": None}, process=STREAM
    )
    offset_holes = Metric(
        Counter, "offset_holes_total", "Holes accepted after a reseek: transaction markers, or retention.",
        {"topic": None}, process=STREAM,
    )  # fmt: skip
    activity_records = Metric(
        Counter, "activity_records_total", "Records of activity: judged, or dropped as repeats.",
        {"outcome": ("judged", "repeated")}, process=UEBA,
    )  # fmt: skip
    acts = Metric(
        Counter, "acts_total", "Acts of all actors, by how they ended.", {"outcome": tuple(ActOutcome)}, process=UEBA
    )
    findings = Metric(
        Counter,
        "findings_total",
        "Findings raised or grown, by severity: severe from 70 on, alert from 40.",
        {"rule": None, "level": None},
        process=UEBA,
    )
    risk_score = Metric(
        LiveGauge, "risk_score", "The highest risk of an agent type's, or of all other actors of a kind; 0 to 100.",
        {"actor_kind": None, "agent": None}, process=UEBA,
    )  # fmt: skip
    controls = Metric(
        LiveGauge, "controls", "Actors that are throttled or blocked.",
        {"level": (ControlLevel.THROTTLE, ControlLevel.BLOCK)}, process=UEBA,
    )  # fmt: skip
    replies = Metric(
        Counter, "replies_total", "Replies delivered.",
        {"agent": None, "lane": None, "outcome": None}, process=RUNNER,
    )  # fmt: skip
    commands_skipped = Metric(
        Counter, "commands_skipped_total", "Commands not executed.",
        {"agent": None, "lane": None, "reason": None}, process=RUNNER,
    )  # fmt: skip
    acts_failed = Metric(
        Counter, "acts_failed_total", "Acts that a handler declared and that failed, by resource (64, then other).",
        {"agent": None, "resource": None}, process=RUNNER,
    )  # fmt: skip
    command_wait_seconds = Metric(
        Histogram, "command_wait_seconds", "Time from a command's record to its handler.",
        {"agent": None, "lane": None}, buckets=LONG_BUCKETS_S, process=RUNNER,
    )  # fmt: skip
    handling_seconds = Metric(
        Histogram, "handling_seconds", "Time a handler took for one command.",
        {"agent": None, "lane": None}, buckets=LONG_BUCKETS_S, process=RUNNER,
    )  # fmt: skip
    commands_fetched = Metric(
        Gauge, "commands_fetched", "Commands fetched and not yet handed to the handler.",
        {"agent": None, "lane": None}, process=RUNNER,
    )  # fmt: skip
    workers = Metric(Gauge, "workers", "Commands that a runner handles at once.", {"agent": None}, process=RUNNER)
    workers_busy = Metric(Gauge, "workers_busy", "Commands being handled now.", {"agent": None}, process=RUNNER)
    control_lag_seconds = Metric(
        Gauge, "control_lag_seconds", "For how long nothing is known of newer controls; a few while all is well.",
        {"agent": None}, process=RUNNER,
    )  # fmt: skip
    build_info = Metric(
        Gauge, "build_info", "1; the versions and the codec's form are its labels.",
        {"version": None, "python": None, "codec": None},
    )  # fmt: skip
    topology_info = Metric(Gauge, "topology_info", "1; the topology's fingerprint is its label.", {"hash": None})

    def __init__(self, process: Process | None = None, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        for metric in TABLE:
            if process is None or metric.of(process):
                metric.register(self, self.registry)
        self.build_info.labels(version("master-orchestrator"), python_version(), FORM).set(1)


TABLE: tuple[Metric[Any], ...] = tuple(each for each in vars(Metrics).values() if isinstance(each, Metric))
"""Every metric, in the order of the documents."""
