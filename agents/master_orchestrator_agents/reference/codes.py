"""What a bare trouble code says: its subsystem, and how bad it is. The lines are triage's (``topology.yaml``)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from master_orchestrator_agents.reference.severity import BASE
from master_orchestrator_schemas.triage_rules import DtcRule
from master_orchestrator_schemas.trouble_codes import without_type
from master_orchestrator_schemas.vocabulary import Priority, Subsystem


@dataclass(frozen=True)
class CodeFact:
    """What a confirmed code says by itself; ``severity`` 0 to 1, by the priority that triage gives it."""

    subsystem: Subsystem
    severity: float


class CodeTable:
    """Looks codes up; the first line whose pattern is the whole code counts, and ``other`` if there is none."""

    def __init__(self, rules: Iterable[DtcRule]) -> None:
        self._rules = tuple((re.compile(rule.code), rule.subsystem, Priority(rule.priority)) for rule in rules)

    def of(self, code: str) -> CodeFact:
        """The fact of a code; a J1939 fault or any other text belongs to ``other``."""
        plain = without_type(code)
        for pattern, subsystem, priority in self._rules:
            if pattern.fullmatch(plain):
                return CodeFact(subsystem, BASE[priority])
        return CodeFact(Subsystem.OTHER, BASE[Priority.SCHEDULED])
