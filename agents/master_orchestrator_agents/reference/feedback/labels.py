"""What the technician found, as a label for each rule that fired and for each cause that DIAGNOSIS named."""

import re
from dataclasses import dataclass
from typing import Any

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis.knowledge import Knowledge
from master_orchestrator_agents.reference.repair_words import RepairText, causes_of, read_repair
from master_orchestrator_schemas.facts import CauseLabel, RuleLabel
from master_orchestrator_schemas.tasks import FeedbackTask
from master_orchestrator_schemas.vocabulary import FindingLabel, Subsystem

CODE = re.compile(r"\b[PBCU][0-9A-F]{4}\b", re.IGNORECASE)


@dataclass(frozen=True)
class RepairLabels:
    """The labels, the components that they come from, and whether a text was given that says nothing known."""

    rules: tuple[RuleLabel, ...] = ()
    causes: tuple[CauseLabel, ...] = ()
    components: tuple[str, ...] = ()
    unmapped: bool = False

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of FEEDBACK's result that they make."""
        return {
            "labels": self.rules,
            "cause_labels": [label.model_dump(mode="json") for label in self.causes],
            "components": list(self.components),
            "unmapped": self.unmapped,
        }


def labels_for(task: FeedbackTask, knowledge: Knowledge, codes: CodeTable) -> RepairLabels:
    """One label per finding and cause, as far as what was found says something of it.

    A rule is CONFIRMED if a fault was in the finding's subsystem; WRONG_SUBSYSTEM: it was elsewhere; FALSE: there was
    none. A cause is CONFIRMED if it was what was found, else FALSE or WRONG_SUBSYSTEM by where the fault was; what the
    technician found whole is FALSE, whatever else is said.
    """
    found = read_repair(task.confirmed_cause or ", ".join(task.parts_replaced))
    if found.no_fault:
        rules = tuple(RuleLabel(rule=finding.rule, label=FindingLabel.FALSE) for finding in task.findings)
        causes = tuple(CauseLabel(cause=cause.component, label=FindingLabel.FALSE) for cause in task.causes)
        return RepairLabels(rules, causes)
    subsystems = _subsystems(task, found, knowledge, codes)
    return RepairLabels(
        tuple(RuleLabel(rule=each.rule, label=_label(each.subsystem, subsystems)) for each in task.findings)
        if subsystems
        else (),
        _cause_labels(task, found, subsystems),
        found.components,
        unmapped=bool(task.confirmed_cause) and not found.is_mapped and not subsystems,
    )


def _label(subsystem: Subsystem, faulty: frozenset[str]) -> FindingLabel:
    return FindingLabel.CONFIRMED if subsystem in faulty else FindingLabel.WRONG_SUBSYSTEM


def _cause_labels(task: FeedbackTask, found: RepairText, faulty: frozenset[str]) -> tuple[CauseLabel, ...]:
    """In the order of the causes; none for a cause of which nothing can be said."""
    confirmed = {cause for name in found.components for cause in causes_of(name)}
    cleared = {cause for name in found.cleared for cause in causes_of(name)}
    labels = []
    for cause in task.causes:
        if cause.component in confirmed:
            labels.append(CauseLabel(cause=cause.component, label=FindingLabel.CONFIRMED))
        elif cause.component in cleared:
            labels.append(CauseLabel(cause=cause.component, label=FindingLabel.FALSE))
        elif found.components:
            elsewhere = bool(faulty) and cause.subsystem not in faulty
            label = FindingLabel.WRONG_SUBSYSTEM if elsewhere else FindingLabel.FALSE
            labels.append(CauseLabel(cause=cause.component, label=label))
    return tuple(labels)


def _subsystems(task: FeedbackTask, found: RepairText, knowledge: Knowledge, codes: CodeTable) -> frozenset[str]:
    """Where the fault was: as reported, or else by the components, or else by the trouble codes in the text."""
    if task.confirmed_subsystem:
        return frozenset({task.confirmed_subsystem})
    named = [knowledge.by_component(cause) for name in found.components for cause in causes_of(name)]
    subsystems = {cause.subsystem for cause in named if cause is not None}
    if found.components:
        return frozenset(subsystems or {Subsystem.OTHER})
    written = CODE.findall(task.confirmed_cause or "")
    return frozenset(codes.of(code.upper()).subsystem for code in written) - {Subsystem.OTHER}
