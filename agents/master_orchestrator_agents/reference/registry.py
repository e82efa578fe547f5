"""Makes reference agents with their stores."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TypedDict, Unpack

from master_orchestrator_agents.errors import AgentError
from master_orchestrator_agents.handler import SingleHandler
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.customer_engagement import CustomerEngagementAgent
from master_orchestrator_agents.reference.customer_engagement.contact_file import VARIABLE as CONTACTS_VARIABLE
from master_orchestrator_agents.reference.customer_engagement.contact_file import ContactBook, read_contacts
from master_orchestrator_agents.reference.customer_engagement.message_store import MessageStore
from master_orchestrator_agents.reference.customer_engagement.rung_by_rung import RungByRungAgent
from master_orchestrator_agents.reference.customer_engagement.store import ContactStore
from master_orchestrator_agents.reference.customer_engagement.transports import OutgoingChannels
from master_orchestrator_agents.reference.data_analysis import DataAnalysisAgent
from master_orchestrator_agents.reference.diagnosis import DiagnosisAgent, Knowledge, load_knowledge
from master_orchestrator_agents.reference.diagnosis.priors import FILE as PRIORS_FILE
from master_orchestrator_agents.reference.diagnosis.priors import PriorStore
from master_orchestrator_agents.reference.diagnosis.title_file import VARIABLE as KNOWLEDGE_VARIABLE
from master_orchestrator_agents.reference.diagnosis.title_file import read_titles
from master_orchestrator_agents.reference.feedback import FeedbackAgent, SurveyingAgent
from master_orchestrator_agents.reference.feedback.store import SurveyStore
from master_orchestrator_agents.reference.manufacturing_quality import ManufacturingQualityAgent
from master_orchestrator_agents.reference.manufacturing_quality.store import QualityStore
from master_orchestrator_agents.reference.ports import Customers, ProductionRegister
from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.scheduling.free_times import FreeTimes
from master_orchestrator_agents.reference.scheduling.seeding import DEFAULT_WORKSHOPS
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.units import parse_duration
from master_orchestrator_schemas.vocabulary import AgentType

DATA_DIR_VARIABLE = "MASTER_ORCHESTRATOR_DATA_DIR"
SCHEDULING_VARIABLE = "MASTER_ORCHESTRATOR_SCHEDULING_URL"
"""Names the PostgreSQL database of SCHEDULING; without it, there is a file in the data folder."""
PLAN_AHEAD_VARIABLE = "MASTER_ORCHESTRATOR_SCHEDULING_PLAN_AHEAD"
"""How far ahead the nightly plan may still move bookings, such as 24h; without it, each time is agreed at once."""


@dataclass(frozen=True)
class _Surroundings:
    """What the agents are made with."""

    data_dir: Path
    seed: int
    customers: Customers
    contacts: Path | None
    production: ProductionRegister
    workshops: int
    knowledge: Knowledge
    titles: Path | None
    codes: CodeTable


class ReferenceOptions(TypedDict, total=False):
    """What the reference agents are made with.

    Args:
        seed: of the simulated customers and of the default workshops; 0.
        topology: whose trouble code table is used; by default ``load_topology()``.
        customers, production: the outside world; by default simulated.
        contacts: a TOML file with owners and transports (``contact_file.py``), whom CUSTOMER_ENGAGEMENT then contacts
            for real, one contact for each command, and to whom FEEDBACK sends its survey; by default the one that
            ``$MASTER_ORCHESTRATOR_CONTACTS`` names, if it does. ``ContactFileError`` if it cannot be used. Without one,
            the simulated customers answer.
        workshops: how many to create in an empty store.
        knowledge: an SQLite or CSV file of titles that DIAGNOSIS reads; by default the one that
            ``$MASTER_ORCHESTRATOR_KNOWLEDGE`` names, if it does. :class:`KnowledgeError` if it cannot be used.
    """

    seed: int
    topology: Topology | None
    customers: Customers | None
    contacts: Path | None
    production: ProductionRegister | None
    workshops: int
    knowledge: Path | None


def reference_agents(
    data_dir: Path | None = None, **options: Unpack[ReferenceOptions]
) -> dict[AgentType, SingleHandler]:
    """All six agents.

    ``data_dir``: folder of the SQLite files, shared by the runners of a machine. None: ``agents`` in
    ``$MASTER_ORCHESTRATOR_DATA_DIR``, or else a new temporary folder, which is not shared.
    """
    around = _surroundings(data_dir, options)
    return {agent_type: make(around) for agent_type, make in _MAKERS.items()}


def reference_agent(
    agent_type: AgentType, data_dir: Path | None = None, **options: Unpack[ReferenceOptions]
) -> SingleHandler:
    """One of them; the arguments are those of :func:`reference_agents`."""
    return _MAKERS[agent_type](_surroundings(data_dir, options))


def _surroundings(data_dir: Path | None, options: ReferenceOptions) -> _Surroundings:
    # The simulation implements the protocols of this package, so it can only be imported once they are there.
    from master_orchestrator_agents.simulated.customers import SimulatedCustomers
    from master_orchestrator_agents.simulated.production import SimulatedProduction

    seed = options.get("seed", 0)
    return _Surroundings(
        data_dir=_folder() if data_dir is None else data_dir,
        seed=seed,
        customers=options.get("customers") or SimulatedCustomers(seed=seed),
        contacts=options.get("contacts") or _named(CONTACTS_VARIABLE),
        production=options.get("production") or SimulatedProduction(seed=seed),
        workshops=options.get("workshops", DEFAULT_WORKSHOPS),
        knowledge=load_knowledge(),
        titles=options.get("knowledge") or _named(KNOWLEDGE_VARIABLE),
        codes=CodeTable((options.get("topology") or load_topology()).triage.dtcs),
    )


def _folder() -> Path:
    named = os.environ.get(DATA_DIR_VARIABLE)
    return Path(named) / "agents" if named else Path(mkdtemp(prefix="reference-agents-"))


def _named(variable: str) -> Path | None:
    named = os.environ.get(variable)
    return Path(named) if named else None


def _data_analysis(around: _Surroundings) -> SingleHandler:
    return DataAnalysisAgent(around.codes)


def _diagnosis(around: _Surroundings) -> SingleHandler:
    titles = read_titles(around.titles) if around.titles else {}
    return DiagnosisAgent(around.codes, around.knowledge, titles, PriorStore(around.data_dir / PRIORS_FILE))


def _customer_engagement(around: _Surroundings) -> SingleHandler:
    if around.contacts is None:
        store = ContactStore(around.data_dir / "contacts.sqlite3")
        return CustomerEngagementAgent(store, around.customers, around.customers)
    book = read_contacts(around.contacts)
    return RungByRungAgent(_messages(around), _channels(around, book), book, FreeTimes(_scheduling_store(around)))


def _messages(around: _Surroundings) -> MessageStore:
    """One for all that goes out to owners: a limit of contacts counts maintenance and surveys."""
    return MessageStore(around.data_dir / "messages.sqlite3")


def _channels(around: _Surroundings, book: ContactBook) -> OutgoingChannels:
    return OutgoingChannels(around.data_dir / "outbox", book.urls)


def _scheduling(around: _Surroundings) -> SingleHandler:
    ahead_ms = plan_ahead_ms()
    return SchedulingAgent(_scheduling_store(around), plan_ahead_ms=ahead_ms)


def _scheduling_store(around: _Surroundings) -> SchedulingStore:
    parts = {part for operation in around.knowledge.operations.values() for part in operation.parts}
    database = scheduling_database(around.data_dir)
    return SchedulingStore(database, parts=parts, workshops=around.workshops, seed=around.seed)


def plan_ahead_ms() -> int | None:
    """What the environment says of it. Raises ``AgentError``."""
    given = os.environ.get(PLAN_AHEAD_VARIABLE)
    try:
        return parse_duration(given) if given else None
    except ValueError as error:
        raise AgentError(f"{PLAN_AHEAD_VARIABLE}: {error}") from None


def scheduling_database(agents_dir: Path) -> Path | str:
    """Where SCHEDULING keeps its books: the URL in the environment, or a file in ``agents_dir``."""
    return os.environ.get(SCHEDULING_VARIABLE) or agents_dir / "appointments.sqlite3"


def _feedback(around: _Surroundings) -> SingleHandler:
    if around.contacts is None:
        store = SurveyStore(around.data_dir / "surveys.sqlite3")
        return FeedbackAgent(store, around.customers, around.knowledge, around.codes)
    book = read_contacts(around.contacts)
    return SurveyingAgent(_messages(around), _channels(around, book), book, around.knowledge, around.codes)


def _manufacturing_quality(around: _Surroundings) -> SingleHandler:
    return ManufacturingQualityAgent(QualityStore(around.data_dir / "quality.sqlite3"), around.production)


_MAKERS: Mapping[AgentType, Callable[[_Surroundings], SingleHandler]] = {
    AgentType.DATA_ANALYSIS: _data_analysis,
    AgentType.DIAGNOSIS: _diagnosis,
    AgentType.CUSTOMER_ENGAGEMENT: _customer_engagement,
    AgentType.SCHEDULING: _scheduling,
    AgentType.FEEDBACK: _feedback,
    AgentType.MANUFACTURING_QUALITY: _manufacturing_quality,
}
