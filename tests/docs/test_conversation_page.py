"""docs/conversation.md says what the tables in the core say."""

import pytest

from master_orchestrator.core.decide.answers import ANSWERS, OUTCOMES, ByPriority
from master_orchestrator_schemas.topology.loader import default_path
from master_orchestrator_schemas.vocabulary import Answer, Priority

PAGE = (default_path().parent / "docs" / "conversation.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "table"), [("answers", ANSWERS), ("outcomes", OUTCOMES)])
def test_the_page_s_table_is_that_of_the_code(name: str, table: dict[Answer, ByPriority]) -> None:
    block = PAGE.split(f"<!-- {name}:")[1].split(f"<!-- end of {name} -->")[0]
    rows = [line for line in block.splitlines() if line.startswith("| ") and not line.startswith("| answer")]
    assert [
        f"| {answer} | {' | '.join(table[answer][priority] for priority in Priority)} |" for answer in Answer
    ] == rows
