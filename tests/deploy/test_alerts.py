"""Every alert fires for what it is for, is quiet when all is well, and is not silenced by series that are gone."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from master_orchestrator_schemas.metrics import PREFIX, TABLE

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES = [FOLDER / "rules.yml", FOLDER / "alerts.yml"]
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
RECORDS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
pytestmark = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian's package prometheus) is not here"
)
E = 'job="engine",instance="e"'
A = 'job="agents",instance="a"'
U = 'job="ueba",instance="u"'
Series = dict[str, str]
LATE, LONG_INTERVAL = "4500m", "4m"
"""What shows after three days only is tried with fewer values. Prometheus looks back five minutes: a longer interval
makes the result depend on the order in which it evaluates the groups."""

HEALTHY: Series = {
    f"up{{{E}}}": "1x5000",
    f"up{{{A}}}": "1x5000",
    f"process_start_time_seconds{{{E}}}": "1000x5000",
    f"process_resident_memory_bytes{{{E}}}": "2e8x5000",
    f'mo_last_commit_timestamp_seconds{{{E},partition="0"}}': "0+60x5000",
    f'mo_input_lag_records{{{E},topic="vehicle.telemetry",partition="0"}}': "3x5000",
    f'mo_input_oldest_seconds{{{E},topic="vehicle.telemetry",partition="0"}}': "1x5000",
    f"mo_owned_partitions{{{E}}}": "1x5000",
    f'mo_commands_open{{{E},agent="DIAGNOSIS",lane="urgent"}}': "1x5000",
    f'mo_commands_oldest_seconds{{{E},agent="DIAGNOSIS",lane="urgent"}}': "0.2x5000",
    f'mo_commands_oldest_seconds{{{E},agent="FEEDBACK",lane="urgent"}}': "100000x5000",
    f'mo_lane_bound_seconds{{{E},agent="DIAGNOSIS",lane="urgent"}}': "1x5000",
    f'mo_commands_open{{{E},agent="FEEDBACK",lane="urgent"}}': "5x5000",
    f'mo_workers{{{A},agent="DIAGNOSIS"}}': "8x5000",
    f'mo_workers{{{A},agent="FEEDBACK"}}': "16x5000",
    f'mo_replies_total{{{A},agent="DIAGNOSIS",lane="urgent",outcome="result"}}': "0+60x5000",
    f'mo_replies_total{{{A},agent="DIAGNOSIS",lane="urgent",outcome="retryable"}}': "0+1x5000",
    f'mo_command_wait_seconds_bucket{{{A},agent="DIAGNOSIS",lane="urgent",le="2.0"}}': "0+60x5000",
    f'mo_command_wait_seconds_count{{{A},agent="DIAGNOSIS",lane="urgent"}}': "0+60x5000",
    f'mo_commands_skipped_total{{{A},agent="DIAGNOSIS",lane="urgent",reason="deadline_passed"}}': "0x5000",
    f'mo_workflows_ended_total{{{E},state="COMPLETED",reason="serviced"}}': "0+60x5000",
    f'mo_workflows_ended_total{{{E},state="FAILED",reason="cancelled"}}': "0+10x5000",
    f'mo_workflows_ended_total{{{E},state="FAILED",reason="agent_rejected"}}': "0x5000",
    f'mo_alerts_total{{{E},kind="URGENT_UNRESOLVED"}}': "0x5000",
    f'mo_alerts_total{{{E},kind="RECORD_UNPROCESSABLE"}}': "0x5000",
    f'mo_alerts_total{{{E},kind="DATA_LOST"}}': "0x5000",
    f'mo_dead_letters_total{{{E},topic="vehicle.telemetry",reason="invalid"}}': "0+0.1x5000",
    f'mo_readings_total{{{E},outcome="accepted"}}': "0+600x5000",
    f'mo_timer_delay_seconds_bucket{{{E},le="5.0"}}': "0+10x5000",
    f'mo_timer_delay_seconds_bucket{{{E},le="10.0"}}': "0+10x5000",
    f'mo_timer_delay_seconds_bucket{{{E},le="+Inf"}}': "0+10x5000",
    f'mo_restore_done_ratio{{{E},partition="0"}}': "1x5000",
    f"mo_rebalances_total{{{E}}}": "1x5000",
    f"mo_changed_topics{{{E}}}": "0x5000",
    f"up{{{U}}}": "1x5000",
    f"mo_owned_partitions{{{U}}}": "1x5000",
    f'mo_input_lag_records{{{U},topic="agent.activity",partition="0"}}': "3x5000",
    f'mo_last_commit_timestamp_seconds{{{U},partition="0"}}': "0+60x5000",
    f'mo_findings_total{{{U},rule="outside_charter",level="severe"}}': "0x5000",
    f'mo_controls{{{U},level="BLOCK"}}': "0x5000",
    f'mo_control_lag_seconds{{{A},agent="DIAGNOSIS"}}': "3x5000",
    f'mo_rule_labels_total{{{E},rule="coolant_hot",label="CONFIRMED"}}': "0+8x5000",
    f'mo_rule_labels_total{{{E},rule="coolant_hot",label="FALSE"}}': "0+2x5000",
    f"mo_rule_precision_floor_ratio{{{E}}}": "0.5x5000",
    f"mo_rule_labels_needed{{{E}}}": "20x5000",
}
"""What a quiet system shows, a value per minute. `mo_` stands for the prefix."""


def _changed(**over: str) -> Series:
    """The healthy series, those whose name and labels contain a word of ``over``'s keys with other values."""
    changed = dict(HEALTHY)
    for word, values in over.items():
        matching = [series for series in HEALTHY if all(part in series for part in word.split("__"))]
        assert matching, word
        changed |= dict.fromkeys(matching, values)
    return changed


LATE_PICKUP = {"command_wait_seconds_bucket": "0+30x5000"}
FAILING = {"ended_total__agent_rejected": "0+6x5000"}
ONE_EVENT = "0x60 1x5000"
FIRING: dict[str, tuple[Series, str]] = {
    "EngineDown": (_changed(up__engine="1x60 0x5000"), "62m"),
    "EngineNotCommitting": (_changed(last_commit__engine="0+60x60 3600x5000"), "65m"),
    "PartitionsNotOwned": (_changed(owned_partitions__engine="1x60 0x5000"), "64m"),
    "InputStalled": (_changed(input_oldest="1x60 0+60x5000", input_lag__telemetry="3x60 10+5x5000"), "70m"),
    "InputLagging": (_changed(input_oldest="1x60 40x5000"), "72m"),
    "UrgentWaiting": (_changed(oldest__DIAGNOSIS="0.2x60 11x5000"), "63m"),
    "LaneBeyondBound": (_changed(oldest__DIAGNOSIS="0.2x60 50x5000"), "64m"),
    "UrgentPickupBurnFast": (_changed(**LATE_PICKUP), "120m"),
    "UrgentPickupBurnMedium": (_changed(**LATE_PICKUP), "400m"),
    "UrgentPickupBurnSlow": (_changed(**LATE_PICKUP), LATE),
    "WorkflowsFailingBurnFast": (_changed(**FAILING), "120m"),
    "WorkflowsFailingBurnMedium": (_changed(**FAILING), "400m"),
    "WorkflowsFailingBurnSlow": (_changed(**FAILING), LATE),
    "AgentDown": (_changed(workers__FEEDBACK="16x60 stale"), "68m"),
    "AgentSilent": (_changed(replies_total="0+60x60 3600x5000"), "72m"),
    "AgentErrors": (_changed(replies_total__retryable="0+30x5000"), "30m"),
    "CommandsExpiring": (_changed(skipped="0x60 0+2x5000"), "72m"),
    "UrgentUnresolved": (_changed(alerts_total__URGENT_UNRESOLVED=ONE_EVENT), "63m"),
    "RecordUnprocessable": (_changed(alerts_total__RECORD_UNPROCESSABLE=ONE_EVENT), "63m"),
    "DataLost": (_changed(alerts_total__DATA_LOST=ONE_EVENT), "63m"),
    "TopicChanged": (_changed(changed_topics="0x60 1x5000"), "62m"),
    "DeadLettersGrowing": (_changed(dead_letters="0x60 0+20x5000"), "90m"),
    "TimersLate": (_changed(**{'timer_delay__le="5': "0+5x5000"}), "30m"),
    "RestoreSlow": (_changed(restore_done="0.5x5000"), "15m"),
    "RebalanceStorm": (_changed(rebalances="1x60 1+1x5000"), "72m"),
    "ProcessRestarting": (_changed(process_start="1000x60 1000+60x5000"), "65m"),
    "MemoryGrowing": (_changed(resident="2e8+2e7x5000"), "120m"),
    "JudgeDown": (_changed(up__ueba="1x60 0x5000"), "66m"),
    "SevereFinding": (_changed(findings_total=ONE_EVENT), "63m"),
    "ActorBlocked": (_changed(controls__BLOCK="0x60 1x5000"), "62m"),
    "ControlsUnknown": (_changed(control_lag="3x60 0+60x5000"), "66m"),
    "RuleImprecise": (_changed(rule_labels__CONFIRMED="0+1x5000", rule_labels__FALSE="0+4x5000"), "90m"),
}
"""Alert -> series that it is for, and when it has to fire."""


def _test(series: Mapping[str, str], at: str, expression: str, samples: list[dict[str, object]]) -> dict[str, object]:
    named = {re.sub(r"^mo_", f"{PREFIX}_", name): values for name, values in series.items()}
    return {
        "interval": LONG_INTERVAL if at == LATE else "1m",
        "input_series": [{"series": name, "values": values} for name, values in named.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": at, "exp_samples": samples}],
    }


def _promtool(tmp_path: Path, test: dict[str, object]) -> None:
    file = tmp_path / "tests.yml"
    rules = [str(path) for path in RULES]
    file.write_text(yaml.safe_dump({"rule_files": rules, "evaluation_interval": test["interval"], "tests": [test]}))
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def _fires(name: str, series: Mapping[str, str], at: str) -> dict[str, object]:
    expression = f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) > bool 0'
    return _test(series, at, expression, [{"labels": "{}", "value": 1}])


def test_every_alert_has_a_case() -> None:
    assert [alert["alert"] for alert in ALERTS] == [*FIRING]


@pytest.mark.parametrize("name", FIRING)
def test_it_fires_for_what_it_is_for(name: str, tmp_path: Path) -> None:
    series, at = FIRING[name]
    _promtool(tmp_path, _fires(name, series, at))


@pytest.mark.parametrize("at", ["30m", "90m"])
def test_a_quiet_system_fires_nothing(at: str, tmp_path: Path) -> None:
    _promtool(tmp_path, _test(HEALTHY, at, 'ALERTS{alertstate="firing"}', []))


def test_an_idle_system_fires_nothing(tmp_path: Path) -> None:
    """Nothing is driven for hours: counters stand still."""
    idle = {name: "0x5000" if values.startswith("0+") else values for name, values in HEALTHY.items()}
    idle |= dict.fromkeys((name for name in HEALTHY if "commands_open" in name or "input_lag" in name), "0x5000")
    _promtool(tmp_path, _test(idle, "90m", 'ALERTS{alertstate="firing"}', []))


def test_an_engine_that_is_gone_is_told_though_no_series_of_it_is_left(tmp_path: Path) -> None:
    gone = {name: f"{values.split('x')[0]}x60 stale" if E in name else values for name, values in HEALTHY.items()}
    _promtool(tmp_path, _fires("EngineDown", gone, "63m"))


def test_runners_that_are_gone_are_told_though_no_series_of_them_is_left(tmp_path: Path) -> None:
    gone = {name: f"{values.split('x')[0]}x60 stale" if A in name else values for name, values in HEALTHY.items()}
    _promtool(tmp_path, _fires("AgentDown", gone, "68m"))
    waiting = gone | {name: "0.2x60 0+60x5000" for name in HEALTHY if "oldest" in name and "DIAGNOSIS" in name}
    _promtool(tmp_path, _fires("UrgentPickupBurnFast", waiting, "140m"))  # silence is not success


def test_every_alert_has_a_runbook_and_says_what_is_the_matter() -> None:
    for alert in ALERTS:
        assert (ROOT / alert["annotations"]["runbook"]).exists(), alert["alert"]
        assert alert["annotations"]["summary"].endswith(".")
        assert alert["labels"]["level"] in ("page", "ticket") or "page" in alert["labels"]["level"]


def test_rules_ask_only_for_metrics_and_labels_that_exist() -> None:
    known = {metric.name for metric in TABLE}
    for rule in (*ALERTS, *RECORDS):
        names = set(re.findall(rf"{PREFIX}_\w+", rule["expr"]))
        assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in names} <= known


def test_prometheus_accepts_its_configuration() -> None:
    subprocess.run(["promtool", "check", "config", str(FOLDER / "prometheus.yml")], check=True, capture_output=True)
