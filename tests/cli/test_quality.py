"""`quality analyze` as its user calls it."""

import builtins
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bench_suite.quality.factory import Production, make, write

from master_orchestrator.cli.main import run
from master_orchestrator.exit_codes import ExitCode


@pytest.fixture(scope="module")
def production() -> Production:
    """One component of a set: its bad lots, and the supplier's step."""
    whole = make(4)
    part = whole.step[0].component
    whole.batches = [batch for batch in whole.batches if batch.key.component == part]
    whole.claims = [claim for claim in whole.claims if claim.key.component == part]
    whole.bad = {key for key in whole.bad if key.component == part}
    return whole


@pytest.fixture(scope="module")
def call(production: Production, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    made, claimed = write(production, tmp_path_factory.mktemp("quality"))
    return ["quality", "analyze", "--production", str(made), "--claims", str(claimed)]


def test_the_answer_as_json_and_a_picture_per_component(
    call: list[str], production: Production, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ExitCode.DONE == run([*call, "--json", "--plot", str(tmp_path / "charts")])
    value = json.loads(capsys.readouterr().out)

    assert {key.lot for key in production.bad} <= {lot["lot"] for lot in value["bad_lots"]}
    assert [len(value["steps"]), 8] == [1, len(value["capas"][0]["eight_d"])]
    assert all(component["weibull"]["shape"] for component in value["components"])
    pictures = sorted((tmp_path / "charts").iterdir())
    assert len(value["components"]) == len(pictures)
    assert ElementTree.parse(pictures[0]).getroot().tag.endswith("svg")  # noqa: S314  our own file


def test_the_answer_for_people(call: list[str], production: Production, capsys: pytest.CaptureFixture[str]) -> None:
    assert ExitCode.DONE == run(call)
    shown = capsys.readouterr().out

    assert all(key.lot in shown for key in production.bad)
    assert "stepped up" in shown
    assert "D3 containment [proposed]" in shown


def test_a_bad_file_is_one_line_and_a_mistake(
    call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "claims.csv"
    bad.write_text("vehicle_id,component,lot\nv1,pump,L1\n")

    assert ExitCode.MISTAKE == run([*call[:-1], str(bad), "--json"])
    assert f"{bad}, line 1, column sale_date: is missing" in json.loads(capsys.readouterr().err)["error"]


def test_without_the_extra_the_command_says_what_to_install(
    call: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain_import = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> object:
        if name.partition(".")[0] == "lifelines":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return plain_import(name, *rest, **more)

    for module in [name for name in sys.modules if name.startswith(("lifelines", "master_orchestrator.quality."))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", without)

    assert ExitCode.MISTAKE == run(call)
    assert "this needs lifelines: pip install 'master-orchestrator[quality]'" in capsys.readouterr().err


def test_the_agent_needs_none_of_the_extras_libraries() -> None:
    script = "import master_orchestrator_agents.reference.registry, sys; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert not {"numpy", "scipy", "lifelines", "matplotlib", "pandas"} & set(shown.stdout.split())
