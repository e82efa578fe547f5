"""What the technician found, as a label for each rule that fired."""

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.components import NO_FAULT, component_of
from master_orchestrator_agents.reference.diagnosis.knowledge import Knowledge
from master_orchestrator_schemas.facts import RuleLabel
from master_orchestrator_schemas.tasks import FeedbackTask
from master_orchestrator_schemas.vocabulary import FindingLabel, Subsystem


def labels_for(task: FeedbackTask, knowledge: Knowledge, codes: CodeTable) -> tuple[RuleLabel, ...]:
    """One label per finding; none if nobody said what was found.

    CONFIRMED: the fault was in the finding's subsystem; WRONG_SUBSYSTEM: it was elsewhere; FALSE: there was none.
    """
    if task.confirmed_cause is not None and component_of(task.confirmed_cause) in NO_FAULT:
        return tuple(RuleLabel(rule=finding.rule, label=FindingLabel.FALSE) for finding in task.findings)
    confirmed = _subsystem(task, knowledge, codes)
    if confirmed is None:
        return ()
    return tuple(
        RuleLabel(
            rule=finding.rule,
            label=FindingLabel.CONFIRMED if finding.subsystem == confirmed else FindingLabel.WRONG_SUBSYSTEM,
        )
        for finding in task.findings
    )


def _subsystem(task: FeedbackTask, knowledge: Knowledge, codes: CodeTable) -> str | None:
    """The subsystem as reported, or that of the reported component or code; None: nobody said."""
    if task.confirmed_subsystem:
        return task.confirmed_subsystem
    if task.confirmed_cause is None:
        return None
    known = knowledge.by_component(component_of(task.confirmed_cause))
    if known is not None:
        return known.subsystem
    by_code = codes.of(task.confirmed_cause).subsystem
    return None if by_code == Subsystem.OTHER else by_code
