"""The agent for transports that only send: the survey goes out once per episode, and nobody waits for its answer.

The owner's rating comes by itself, as a ``CustomerAnswer`` RATED (``docs/learning.md``), whenever it comes. In quiet
hours the agent replies when it may ask, and the engine asks it again then; likewise where no channel takes the message.
A survey that may not go out before the command's deadline is left: the repair is done, and its labels count.
"""

import json
from collections.abc import Sequence

from master_orchestrator_agents.errors import RetryableError
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.customer_engagement.etiquette import (
    Rung,
    contact_time,
    next_in_line,
    right_rungs,
    survey_rungs,
)
from master_orchestrator_agents.reference.customer_engagement.message_store import MessageStore
from master_orchestrator_agents.reference.customer_engagement.messages import Messages
from master_orchestrator_agents.reference.customer_engagement.sending import Mailing, Sender
from master_orchestrator_agents.reference.diagnosis.knowledge import Knowledge
from master_orchestrator_agents.reference.feedback.labels import labels_for
from master_orchestrator_agents.reference.ports import ContactDirectory, Customer, Transports
from master_orchestrator_agents.reference.zoned import HOUR_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.tasks import FeedbackTask
from master_orchestrator_schemas.vocabulary import Priority, Purpose

SurveyKeys = dict[str, str | int]
"""What became of the survey: further keys of the result."""


class SurveyingAgent:
    """Sends the survey. The same command, and another one of the same workflow, sends nothing twice."""

    def __init__(
        self,
        store: MessageStore,
        transports: Transports,
        directory: ContactDirectory,
        knowledge: Knowledge,
        codes: CodeTable,
    ) -> None:
        self._store, self._directory, self._knowledge, self._codes = store, directory, knowledge, codes
        self._sender, self._messages = Sender(store, transports), Messages()

    def __call__(self, task: Task[FeedbackTask]) -> FeedbackResult:
        """Labels by the confirmed cause and what was sent: ``channel``, ``asked_at_ms``, ``message`` without the name.

        ``waits_until_ms`` instead: nothing may go out before. ``unasked``: why nobody was asked.
        """
        given = task.expect(FeedbackTask)
        with task.access("read", "dtc_kb"):
            labels = labels_for(given, self._knowledge, self._codes)
        return FeedbackResult.model_validate({**labels.fields, **self._outcome(task, given)})

    def _outcome(self, task: Task, given: FeedbackTask) -> SurveyKeys:
        survey = f"{task.workflow_id}/survey"
        with task.access("read", "feedback"):
            known = self._store.reply(survey)
        if known is not None:
            outcome: SurveyKeys = json.loads(known)
            return outcome
        outcome, sent = self._asked(task, given, survey)
        if "waits_until_ms" not in outcome:
            with task.access("write", "feedback", rows=1):
                self._store.conclude(survey, json.dumps(outcome), sent)
        return outcome

    def _asked(self, task: Task, given: FeedbackTask, survey: str) -> tuple[SurveyKeys, str | None]:
        """What became of it, and the id of the message that has gone out, if one has."""
        with task.access("read", "customer_profile") as access:
            people = {person.person: person for person in self._directory.persons_of(task.vehicle_id)}
            times = {place: self._contact_time(task, person) for place, person in people.items()}
            wrong = self._store.wrong_addresses(task.vehicle_id)
            access.rows = len(people)
        asked = (rung for person in people.values() for rung in survey_rungs(person, given.opted_out))
        rungs = right_rungs(asked, people, wrong)
        if not rungs:
            return {"unasked": "nobody has agreed to be asked"}, None
        now, at_ms = next_in_line(rungs, {rung.person: times[rung.person] for rung in rungs}, task.issued_at_ms)
        if not now and at_ms >= task.deadline_ms:
            return {"unasked": "nobody may be asked before the deadline"}, None
        if not now:
            return {"waits_until_ms": at_ms}, None
        return self._sent(task, given, survey, [(rung, people[rung.person]) for rung in now])

    def _contact_time(self, task: Task, person: Customer) -> int:
        earlier = self._store.sent_to(person.vehicle_id, person.person, task.issued_at_ms)
        return contact_time(task.issued_at_ms, person, earlier, Priority.ROUTINE, urgent=False)

    def _sent(
        self, task: Task, given: FeedbackTask, survey: str, rungs: Sequence[tuple[Rung, Customer]]
    ) -> tuple[SurveyKeys, str | None]:
        """It goes out; where no channel takes it, the agent wants to be asked again."""
        mailing = Mailing(survey, Purpose.FEEDBACK, "feedback", lambda _channel: "survey")
        try:
            delivery = self._sender.send(task, mailing, rungs, lambda person: self._messages.survey(given, person))
        except RetryableError as error:
            return {"unasked": str(error), "waits_until_ms": task.issued_at_ms + HOUR_MS}, None
        outcome: SurveyKeys = {
            "channel": delivery.rung.name,
            "asked_at_ms": task.issued_at_ms,
            "message": self._messages.survey(given, delivery.to, named=False),
        }
        return outcome, delivery.message_id
