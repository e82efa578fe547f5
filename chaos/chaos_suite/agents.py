"""Handlers for a run's runners: the reference agents, with the fates of :mod:`chaos_suite.fates`.

``agents DIAGNOSIS --handler DIAGNOSIS=chaos_suite.agents:diagnosis``, and so on. Both runners of a type keep their
books in ``$MASTER_ORCHESTRATOR_DATA_DIR/agents``.
"""

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from chaos_suite.dying import DeathMoment, die_if_ordered
from chaos_suite.fates import AgentFate, failures_of, fate_of, handling_s, way_of_failing
from master_orchestrator_agents.errors import PermanentError, RetryableError
from master_orchestrator_agents.handler import Returned, SingleHandler
from master_orchestrator_agents.reference import reference_agent
from master_orchestrator_agents.reference.customer_engagement import Contact, CustomerReply
from master_orchestrator_agents.reference.diagnosis import load_knowledge
from master_orchestrator_agents.reference.feedback import Survey, SurveyAnswer
from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.simulated.customers import SimulatedCustomers
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.vocabulary import AgentType

WORKSHOPS = 400
"""A run books 15,000 appointments and more, many of them within a day; the workshops' calendars run in real time."""
TOO_LATE_S = 1.5
"""How long after its deadline a slow handler answers."""
MAX_LATE_S = 60.0


class ChaosAgent:
    """The handler of one type. Its reference agent, with its books, is opened with the first command."""

    def __init__(self, agent: AgentType) -> None:
        self._agent = agent
        self._opening = threading.Lock()
        self._reference: SingleHandler | None = None

    def __call__(self, task: Task) -> Returned:
        """What the reference agent answers, unless its fate says otherwise."""
        die_if_ordered(self._agent, DeathMoment.BEFORE)
        time.sleep(handling_s(task.command_id))
        self._meet_fate(task)
        answer = self._opened()(task)
        die_if_ordered(self._agent, DeathMoment.AFTER)
        return answer

    def _meet_fate(self, task: Task) -> None:
        match fate_of(task.workflow_id, self._agent):
            case AgentFate.EXHAUSTS:
                _fail(task)
            case AgentFate.STUMBLES if task.attempt < failures_of(task.workflow_id, self._agent):
                _fail(task)
            case AgentFate.REJECTS:
                raise PermanentError("this will never work (a failure of the chaos suite's making)")
            case AgentFate.SLOW if task.attempt == 0:
                late_s = task.deadline_ms / 1000 + TOO_LATE_S - time.time()
                time.sleep(min(max(late_s, 0.0), MAX_LATE_S))

    def _opened(self) -> SingleHandler:
        with self._opening:
            if self._reference is None:
                self._reference = _reference(self._agent)
            return self._reference


def _fail(task: Task) -> None:
    why = f"try {task.attempt} fails (a failure of the chaos suite's making)"
    match way_of_failing(task.command_id, 3):
        case 0:
            raise RetryableError(why)
        case 1:
            raise RetryableError(why, retry_after=3)
        case _:
            raise RuntimeError(why)


def _reference(agent: AgentType) -> SingleHandler:
    if agent is not AgentType.SCHEDULING:
        return reference_agent(agent, customers=_DyingCustomers())
    parts = {part for operation in load_knowledge().operations.values() for part in operation.parts}
    books = Path(os.environ["MASTER_ORCHESTRATOR_DATA_DIR"]) / "agents" / "appointments.sqlite3"
    return SchedulingAgent(SchedulingStore(books, parts=parts, workshops=WORKSHOPS), choose=_the_earliest)


def _the_earliest(_offers: Sequence[Offer]) -> int:
    """Three offers are held, none is confirmed."""
    die_if_ordered(AgentType.SCHEDULING, DeathMoment.BETWEEN)
    return 0


class _DyingCustomers(SimulatedCustomers):
    """Asked, but the answer is not written down."""

    def contact(self, contact: Contact) -> CustomerReply | None:
        """The answer to one message, or None: not noticed in time."""
        die_if_ordered(AgentType.CUSTOMER_ENGAGEMENT, DeathMoment.BETWEEN)
        return super().contact(contact)

    def survey(self, survey: Survey) -> SurveyAnswer | None:
        """What the customer thinks of the repair, or None: no answer."""
        die_if_ordered(AgentType.FEEDBACK, DeathMoment.BETWEEN)
        return super().survey(survey)


data_analysis = ChaosAgent(AgentType.DATA_ANALYSIS)
diagnosis = ChaosAgent(AgentType.DIAGNOSIS)
customer_engagement = ChaosAgent(AgentType.CUSTOMER_ENGAGEMENT)
scheduling = ChaosAgent(AgentType.SCHEDULING)
feedback = ChaosAgent(AgentType.FEEDBACK)
manufacturing_quality = ChaosAgent(AgentType.MANUFACTURING_QUALITY)
