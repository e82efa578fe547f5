"""The Grafana dashboard asks only for metrics and labels that exist, in PromQL that Prometheus accepts."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from master_orchestrator_schemas.metrics import PREFIX, Metrics

ROOT = Path(__file__).parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboards/master-orchestrator.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
SCRAPED_LABELS = {"le", "instance", "job"}


def _known() -> dict[str, set[str]]:
    """Every series name of ours with its labels."""
    metrics = [value for value in vars(Metrics()).values() if isinstance(value, MetricWrapperBase)]
    known: dict[str, set[str]] = {}
    for metric in metrics:
        (family,) = metric.describe()
        name, labels = family.name, {*metric._labelnames}
        suffixes = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}[family.type]
        known |= {name + suffix: labels for suffix in suffixes}
    return known


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_exists(expression: str) -> None:
    known = _known()
    names = re.findall(rf"{PREFIX}_\w+", expression)
    assert names
    assert [] == [name for name in names if name not in known]
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}
    selected = set(re.findall(r"(\w+)=~?\"", expression))
    for name in names:
        assert grouped | selected <= known[name] | SCRAPED_LABELS


def test_every_metric_is_shown_somewhere() -> None:
    shown = " ".join(EXPRESSIONS)
    assert [] == [name for name in {re.sub(r"_(sum|count|bucket)$", "", n) for n in _known()} if name not in shown]


def test_panels_do_not_overlap_and_ids_are_unique() -> None:
    panels = DASHBOARD["panels"]
    assert len(panels) == len({panel["id"] for panel in panels})
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridPos"]
        cells = {(grid["x"] + i, grid["y"] + j) for i in range(grid["w"]) for j in range(grid["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian's package prometheus) is not here")
def test_prometheus_accepts_the_queries_and_its_configuration(tmp_path: Path) -> None:
    filled = [e.replace("$__rate_interval", "1m").replace("$agent", ".*") for e in EXPRESSIONS]
    rules = [{"record": f"panel:{index}", "expr": expression} for index, expression in enumerate(filled)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    subprocess.run(["promtool", "check", "rules", str(file)], check=True, capture_output=True)
    subprocess.run(
        ["promtool", "check", "config", str(ROOT / "deploy/prometheus.yml")], check=True, capture_output=True
    )
