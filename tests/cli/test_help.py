"""Help is instant and says how to go on."""

import subprocess
import sys

import pytest

from master_orchestrator.cli.main import run

HEAVY = ("confluent_kafka", "faust", "fastavro", "msgspec", "structlog", "master_orchestrator_schemas.topology")
COMMANDS = [
    *(
        "demo",
        "ingest",
        "simulate",
        "up",
        "engine",
        "agents",
        "status",
        "workflows",
        "stats",
        "redrive",
        "redrive-failed",
        "cancel",
        "provision",
    ),
    *("kafka start", "kafka stop", "kafka status", "audit tail", "audit export", "audit verify"),
    *("charter check", "charter propose", "quality analyze"),
    *("dlq list", "dlq show", "dlq redrive", "dlq drop"),
]


def test_help_loads_nothing_heavy() -> None:
    script = "import sys; from master_orchestrator.cli.main import run; run(['--help']); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = shown.stdout.splitlines()[-1].split()
    assert "typer" in loaded
    assert [] == [module for module in HEAVY if module in loaded]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run([*command.split(), "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert f"Usage: master-orchestrator {command}" in shown
    assert "Example" in shown
