"""The agent: from anomalies and codes to ranked causes, and from the likeliest to the work to be done."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis.knowledge import UNSAFE_FROM, Knowledge, load_knowledge
from master_orchestrator_agents.reference.diagnosis.priors import PACKAGED, Priors, PriorStore, with_priors
from master_orchestrator_agents.reference.diagnosis.prognosis import is_safe, observed, time_to_failure
from master_orchestrator_agents.reference.diagnosis.ranking import Ranked, Ranking, rank
from master_orchestrator_agents.reference.diagnosis.symptoms import symptoms_of
from master_orchestrator_agents.reference.diagnosis.title_file import title_in
from master_orchestrator_agents.reference.diagnosis.titles import Title, title_by_structure, title_of
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Operation, RankedCause
from master_orchestrator_schemas.results import DiagnosisResult
from master_orchestrator_schemas.tasks import DiagnosisTask
from master_orchestrator_schemas.vocabulary import Subsystem

MAX_CAUSES, MAX_OPERATIONS, PER_SUBSYSTEM = 8, 4, 3
WORTH_NAMING = 0.03
BELOW_URGENT = 0.79
"""The severity at which even a certain fault is not URGENT (``urgency`` in the topology)."""
NO_FAULT = {"causes": (), "severity": 0.0, "probability": 0.0, "summary": "no fault found"}


class DiagnosisAgent:
    """Ranks causes. Pure: the same task gives the same result with the same version of the priors, which it names.

    ``titles``: of codes that ``titles.toml`` has no line for (``title_file.py``). ``priors``: the versions that
    operators have accepted; None: the packaged ones.
    """

    def __init__(
        self,
        codes: CodeTable,
        knowledge: Knowledge | None = None,
        titles: Mapping[str, str] = MappingProxyType({}),
        priors: PriorStore | None = None,
    ) -> None:
        self._codes = codes
        self._packaged = knowledge or load_knowledge()
        self._titles = titles
        self._priors = priors
        self._in_force = (PACKAGED, self._packaged)

    def __call__(self, task: Task[DiagnosisTask]) -> DiagnosisResult:
        """Causes, the operations for the likeliest of each subsystem, time to failure and safety.

        ``probability``: that the leading subsystem has any fault, not only its likeliest one; ``severity``: of its
        worst anomaly and of what the causes lead to.
        """
        given = task.expect(DiagnosisTask)
        with task.access("read", "analysis_report", rows=1):
            symptoms = symptoms_of(given, self._codes)
        with task.access("read", "dtc_kb", rows=len(symptoms)):
            version, knowledge = self._knowledge()
            rankings = rank(knowledge, symptoms, self._title)
        if not rankings:
            return DiagnosisResult.model_validate({**NO_FAULT, "priors_version": version})
        with task.access("write", "diagnosis", rows=1):
            return self._result(given, rankings, version)

    def _knowledge(self) -> tuple[int, Knowledge]:
        """The knowledge base with the priors in force, and their version."""
        newest = Priors(PACKAGED, {}) if self._priors is None else self._priors.newest()
        if newest.version != self._in_force[0]:
            self._in_force = (newest.version, with_priors(self._packaged, newest.values))
        return self._in_force

    def _result(self, given: DiagnosisTask, rankings: Sequence[Ranking], version: int) -> DiagnosisResult:
        lead = max(rankings, key=lambda ranking: _severity(ranking) * ranking.fault)
        causes = _causes(rankings, lead.subsystem)
        life = observed((f for f in given.findings if f.subsystem == lead.subsystem), given.trends)
        if life is None and lead.ranked:
            life = time_to_failure(lead.ranked[0])
        return DiagnosisResult.model_validate(
            {
                "causes": causes,
                "severity": round(_severity(lead), 3),
                "probability": round(lead.fault, 3),
                "time_to_failure_h": life.median if life else None,
                "time_to_failure_low_h": life.low if life else None,
                "time_to_failure_high_h": life.high if life else None,
                "operations": self._operations(rankings),
                "safe_to_drive": all(is_safe(ranking) for ranking in rankings),
                "summary": "; ".join(f"{cause.component} {cause.probability:.0%}" for cause in causes[:3]),
                "priors_version": version,
            }
        )

    def _title(self, fault: str) -> Title | None:
        return title_of(fault) or title_in(self._titles, fault) or title_by_structure(fault)

    def _operations(self, rankings: Sequence[Ranking]) -> tuple[Operation, ...]:
        names: list[str] = []
        for ranking in rankings:
            names += ranking.ranked[0].cause.operations if ranking.ranked else ("inspect",)
        return tuple(self._packaged.operations[name] for name in list(dict.fromkeys(names))[:MAX_OPERATIONS])


def _severity(ranking: Ranking) -> float:
    """Mostly what is seen, and partly what the likely causes lead to; URGENT once that is seen, and not before.

    However sure a cause is, what it may lead to is not yet so.
    """
    total = sum(entry.probability for entry in ranking.ranked)
    if not total:
        return ranking.severity
    consequence = sum(entry.probability * entry.cause.severity for entry in ranking.ranked) / total
    severity = 0.7 * ranking.severity + 0.3 * consequence
    return max(severity, UNSAFE_FROM) if ranking.severity >= UNSAFE_FROM else min(severity, BELOW_URGENT)


def _causes(rankings: Sequence[Ranking], lead: Subsystem) -> tuple[RankedCause, ...]:
    """The leading causes of each subsystem, each component once: those of ``lead`` first, then by their probability."""
    best: dict[str, RankedCause] = {}
    for ranking in rankings:
        named = [entry for entry in ranking.ranked[:PER_SUBSYSTEM] if entry.probability >= WORTH_NAMING]
        for cause in [_cause(entry) for entry in named] or [_unknown(ranking)]:
            known = best.get(cause.component)
            if known is None or known.probability < cause.probability:
                best[cause.component] = cause
    return tuple(sorted(best.values(), key=lambda cause: (cause.subsystem != lead, -cause.probability))[:MAX_CAUSES])


def _cause(entry: Ranked) -> RankedCause:
    return RankedCause(
        component=entry.cause.component,
        subsystem=entry.cause.subsystem,
        probability=round(entry.probability, 3),
        description=entry.cause.description,
        dtc=entry.code,
    )


def _unknown(ranking: Ranking) -> RankedCause:
    return RankedCause(
        component=f"unidentified_{ranking.subsystem}",
        subsystem=ranking.subsystem,
        probability=round(ranking.fault, 3),
        description="The knowledge base has no cause for this; to be inspected.",
    )
