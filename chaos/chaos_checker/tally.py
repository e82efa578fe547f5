"""What the partitions come to together: violations, counts, and what the agents' books have to say."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos_checker.actor_history import ActorHistory
from chaos_checker.fold import Newest
from chaos_checker.history import PartitionHistory
from chaos_checker.records import SentRecord
from chaos_checker.rules import actors
from chaos_checker.violation import RuleViolation

SHOWN = 200
"""Of the violations of one rule; the rest is counted."""


@dataclass
class CheckTally:
    """Grows partition by partition.

    Args:
        commands: every command's workflow.
        serviced: of every workflow that ended as serviced, the appointment.
        surveyed: workflows whose FEEDBACK agent has answered.
        counted: workflows whose repair an agent says it has counted.
    """

    violations: list[RuleViolation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    commands: dict[str, str] = field(default_factory=dict)
    serviced: dict[str, str | None] = field(default_factory=dict)
    surveyed: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)

    def count(self, history: PartitionHistory, folds: Mapping[str, Newest], sent: Sequence[SentRecord]) -> None:
        """Count one partition's records."""
        commands = len({command.command_id for command in history.commands})
        self.counts.update(
            {
                "inputs": len(history.inputs),
                "audit": len(history.audit),
                "status": len(history.status),
                "alerts": len(history.alerts),
                "dead_letters": sum(not letter.marker for letter in history.letters),
                "commands": commands,
                "command_repeats": len(history.commands) - commands,
                "workflows": sum(fold.episodes for fold in folds.values()),
                "vehicles": len(folds),
                "acknowledged": sum(row.acked for row in sent),
            }
        )

    def count_actors(self, history: ActorHistory) -> None:
        """Count what one partition has of actors."""
        raised = [entry for entry in history.trail if entry.event == "finding_raised"]
        breaches = actors.breaches(history.activities)
        self.counts.update(
            {
                "sessions": len({activity.activity_id for activity in history.activities}),
                "session_repeats": len(history.activities) - len({each.activity_id for each in history.activities}),
                "actors": len({activity.actor for activity in history.activities}),
                "actor_records": len(history.trail),
                "actor_alerts": len(history.alerts),
                "controls": len(history.controls),
                "breaches": breaches.total(),
                "breach_findings": len(breaches),
                "findings_of_the_healthy": sum(not actors.is_rogue(entry.actor) for entry in raised),
            }
        )

    def note(self, history: PartitionHistory, folds: Mapping[str, Newest]) -> None:
        """Note what the agents must have written down."""
        self.commands |= {command.command_id: command.workflow_id for command in history.commands}
        for record in history.audit:
            by_feedback = record.event == "workflow_completed" and record.actor.startswith("agent:FEEDBACK@")
            if by_feedback and "feedback" not in record.facts:  # which says why there is none
                self.surveyed.add(record.workflow_id)
            if record.event == "side_task_ended" and record.facts.get("component"):
                self.counted.add(record.workflow_id)
        for fold in folds.values():
            for entry in fold.statuses:
                if entry.fields["reason"] == "serviced":
                    self.serviced[entry.last.workflow_id] = entry.fields["appointment_id"]


def shown(violations: Iterable[RuleViolation]) -> list[RuleViolation]:
    """All of a few; of many of one rule the first, and how many more there are."""
    count: Counter[str] = Counter()
    first = []
    for violation in violations:
        count[violation.rule] += 1
        if count[violation.rule] <= SHOWN:
            first.append(violation)
    more = [RuleViolation(rule, f"{number - SHOWN} more", "") for rule, number in count.items() if number > SHOWN]
    return [*first, *more]
