"""What the quick start says is what happens, and the example tells its story."""

import re
import runpy
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_quick_start_runs_as_it_stands(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the built-in agents keep their files
    guide = REPOSITORY / "docs" / "QUICK_START_GUIDE.md"
    blocks = BLOCK.findall(guide.read_text(encoding="utf-8"))
    names: dict[str, object] = {}

    for number, block in enumerate(blocks):
        exec(compile(block, f"{guide.name}, block {number}", "exec"), names)  # noqa: S102  the guide's own code

    told = capsys.readouterr().out
    assert "COMPLETED URGENT serviced" in told
    assert "1 completed, on average in" in told
    assert "workflow_opened PENDING" in told
    assert "{'COMPLETED'}" == told.splitlines()[-1]


def test_the_example_tells_the_story_of_three_vehicles(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    example = REPOSITORY / "examples" / "orchestrator_integration_example.py"
    monkeypatch.setattr(sys, "argv", [str(example)])

    runpy.run_path(str(example), run_name="__main__")

    told = capsys.readouterr().out
    assert "truck-7~0 of truck-7, URGENT: 4 agent tasks" in told
    assert "RETRY" in told
    assert "nothing_found" in told
    assert "urgent_handled: 2" in told
