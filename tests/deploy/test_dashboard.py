"""The Grafana dashboards are what their module makes, and ask only for metrics and labels that exist."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import dashboards
import pytest
import yaml

from master_orchestrator_schemas.metric_kinds import Metric
from master_orchestrator_schemas.metrics import PREFIX, TABLE

ROOT = Path(__file__).parents[2]
BOARDS: dict[str, dict[str, Any]] = {name: json.loads(dashboards.text(name)) for name in dashboards.BOARDS}
PANELS = [
    pytest.param(panel, id=f"{name}-{panel['title']}") for name, made in BOARDS.items() for panel in made["panels"]
]
EXPRESSIONS = [t["expr"] for made in BOARDS.values() for panel in made["panels"] for t in panel["targets"]]
SCRAPED_LABELS = {"le", "instance", "job"}
VARIABLE = re.compile(r"\$(agent|lane|priority|instance)")


def filled(expression: str) -> str:
    """The expression with its variables as Grafana puts them in."""
    return VARIABLE.sub(".*", expression).replace("$__rate_interval", "1m")


def _known() -> dict[str, set[str]]:
    """Every series name of ours with its labels."""
    return {name: {*metric.labels} for metric in TABLE for name in _series(metric)}


def _series(metric: Metric[Any]) -> list[str]:
    return [metric.name + suffix for suffix in (["_bucket", "_sum", "_count"] if metric.buckets else [""])]


@pytest.mark.parametrize("name", BOARDS)
def test_the_file_is_what_the_module_makes(name: str) -> None:
    assert dashboards.text(name) == (dashboards.FOLDER / f"{name}.json").read_text()


def test_there_is_no_other_file() -> None:
    assert {f"{name}.json" for name in BOARDS} == {path.name for path in dashboards.FOLDER.iterdir()}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_exists(expression: str) -> None:
    known = _known()
    names = re.findall(rf"{PREFIX}_\w+", expression)
    assert [] == [name for name in names if name not in known]
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}
    for name in names:
        assert grouped <= known[name] | SCRAPED_LABELS
    for name, selector in re.findall(rf"({PREFIX}_\w+){{([^}}]*)}}", expression):
        assert set(re.findall(r"(\w+)=~?\"", selector)) <= known[name] | SCRAPED_LABELS


def test_every_metric_is_shown_somewhere() -> None:
    text = " ".join(EXPRESSIONS)
    recorded = (ROOT / "deploy/prometheus/rules.yml").read_text()
    assert [] == [metric.name for metric in TABLE if metric.name not in text + recorded]


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all(target["legendFormat"] for target in panel["targets"])
    page = panel["links"][0]["title"]
    assert (ROOT / "docs" / page).exists(), page


def test_nothing_subtracts_ends_from_openings() -> None:
    assert [] == [e for e in EXPRESSIONS if "workflows_opened" in e and "workflows_ended" in e]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_overlap_and_ids_are_unique(name: str) -> None:
    panels = BOARDS[name]["panels"]
    assert len(panels) == len({panel["id"] for panel in panels})
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        cells = {(grid["x"] + i, grid["y"] + j) for i in range(grid["w"]) for j in range(grid["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", BOARDS)
def test_variables_that_are_used_are_there(name: str) -> None:
    there = {variable["name"] for variable in BOARDS[name]["templating"]["list"]}
    used = set(VARIABLE.findall(json.dumps(BOARDS[name]["panels"])))
    assert used <= there


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian's package prometheus) is not here")
def test_prometheus_accepts_the_queries(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{index}", "expr": filled(expression)} for index, expression in enumerate(EXPRESSIONS)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    subprocess.run(["promtool", "check", "rules", str(file)], check=True, capture_output=True)
