"""The documents are held to the code: diagrams drawn from it, links that lead somewhere, Python that runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from master_orchestrator.cli.main import run
from master_orchestrator.core.diagram import mermaid
from master_orchestrator.exit_codes import ExitCode

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")]
PYTHON = [
    pytest.param(block, id=f"{path.name}-{number}")
    for path in DOCUMENTS
    if path.name != "QUICK_START_GUIDE.md"  # tells one story over its blocks; tests/facade runs it
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE))
]


def test_the_state_diagram_is_the_transition_table() -> None:
    overview = (ROOT / "docs" / "SYSTEM_OVERVIEW.md").read_text()
    assert [mermaid()] == re.findall(r"^```mermaid\n(.*?)^```", overview, re.DOTALL | re.MULTILINE)


def test_the_exit_codes_are_those_of_the_commands() -> None:
    shown = re.findall(r"^\| (\d+) \| (.*) \|$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert [(str(int(code)), code.says) for code in ExitCode] == shown


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_to_a_file(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
    assert [] == [link for link in links if not (path.parent / link).exists()]


RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_has_its_four_parts_on_one_page(path: Path) -> None:
    text = path.read_text()
    assert ["What it means", "Look", "Do", "If it does not help"] == re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert 40 >= len(text.splitlines())


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_the_commands_of_a_runbook_are_there_with_their_options(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quoted = re.findall(r"^master-orchestrator (.+)$|`master-orchestrator ([^`]+)`", path.read_text(), re.MULTILINE)
    for block, inline in quoted:
        words = shlex.split(block or " ".join(inline.split()))
        assert 0 == run([*words, "--help"]), (words, capsys.readouterr().err)


@pytest.mark.parametrize("block", PYTHON)
def test_python_in_the_documents_runs_as_it_stands(block: str, tmp_path: Path) -> None:
    script = tmp_path / "block.py"
    script.write_text(block)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_module_of_the_core_that_is_named_is_there(path: Path) -> None:
    named = set(re.findall(r"`(core/[a-z_/]+(?:\.py)?)`", path.read_text()))
    assert [] == [name for name in sorted(named) if not (ROOT / "streams" / "master_orchestrator" / name).exists()]
