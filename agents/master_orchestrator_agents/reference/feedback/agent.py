"""The agent for a gateway that answers at once: it asks once per episode, and labels the rules in any case."""

from typing import Any

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis.knowledge import Knowledge
from master_orchestrator_agents.reference.feedback.labels import labels_for
from master_orchestrator_agents.reference.feedback.store import SurveyStore
from master_orchestrator_agents.reference.ports import Survey, SurveyAnswer, SurveyGateway
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.tasks import FeedbackTask


class FeedbackAgent:
    """Asks the customer about the repair."""

    def __init__(self, store: SurveyStore, gateway: SurveyGateway, knowledge: Knowledge, codes: CodeTable) -> None:
        self._store = store
        self._gateway = gateway
        self._knowledge = knowledge
        self._codes = codes

    def __call__(self, task: Task[FeedbackTask]) -> FeedbackResult:
        """CSAT, NPS, fixed right first time and text, all None without an answer; labels by the confirmed cause."""
        given = task.expect(FeedbackTask)
        with task.access("read", "dtc_kb"):
            labels = labels_for(given, self._knowledge, self._codes)
        with task.access("read", "feedback"):
            over, answer = self._store.asked(task.workflow_id)
        if not over:
            survey = Survey(survey_id=task.workflow_id, vehicle_id=task.vehicle_id, at_ms=task.issued_at_ms)
            with task.access("send", "survey", rows=1):
                answer = self._gateway.survey(survey)
            with task.access("write", "feedback", rows=1):
                self._store.record(survey, task.command_id, answer)
        return FeedbackResult.model_validate({**labels.fields, **_said(answer)})


def _said(answer: SurveyAnswer | None) -> dict[str, Any]:
    """The fields of the result that the customer's answer makes."""
    if answer is None:
        return {}
    return {"csat": answer.csat, "nps": answer.nps, "fixed_right_first_time": answer.fixed, "text": answer.text}
