"""What the judge finds."""

from typing import NamedTuple


class RuleViolation(NamedTuple):
    """One breach of one rule: the rule's name, what a person should know, and a workflow or a record's place."""

    rule: str
    what: str
    where: str


def violations_of(rule: str, violations: list[tuple[str, str]]) -> list[RuleViolation]:
    """Pairs of (where, what) under the rule's name."""
    return [RuleViolation(rule, what, where) for where, what in violations]
