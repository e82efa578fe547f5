"""The judge of a chaos run: reads its topics, stores and journals from outside, and knows nothing of the engine's code.

Every rule is a pure function over the plain records of ``records.py``. What it knows of the engine is in the documents:
the architecture's transition table, the contracts' schemas, the layout of the changelog.
"""

from chaos_checker.judge import check
from chaos_checker.violation import RuleViolation

__all__ = ["RuleViolation", "check"]
