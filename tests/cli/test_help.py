"""Help is instant and says how to go on."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from master_orchestrator.cli.main import make_app, run

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
    *("charter check", "charter propose", "quality analyze", "service show"),
    *("campaign open", "campaign show", "campaign list", "campaign close"),
    *("learning show", "learning propose", "learning accept"),
    *("schedule show", "schedule optimise", "schedule forecast"),
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


def test_no_help_text_has_brackets_which_would_be_taken_for_markup() -> None:
    """Of ``pip install 'package[extra]'`` the screen showed ``package``, and ``[default: all]`` not at all."""
    texts = dict(_help_texts(typer.main.get_command(make_app()), ""))
    assert len(texts) > 5 * len(COMMANDS)
    assert {} == {name: text for name, text in texts.items() if re.search(r"\[[a-z]", text)}


def test_the_terminal_alone_breaks_the_lines_of_a_help_text() -> None:
    """Those of the docstring's second paragraph were kept: ragged on a terminal of 80 columns."""
    texts = dict(_help_texts(typer.main.get_command(make_app()), ""))
    assert [] == [name for name, text in texts.items() if re.search(r"[^\n]\n[^\n]", text)]


def _help_texts(command: Any, path: str) -> Iterator[tuple[str, str]]:
    yield path, command.help or ""
    for parameter in command.params:
        yield f"{path} {parameter.name}", getattr(parameter, "help", None) or ""
    for name, each in getattr(command, "commands", {}).items():
        yield from _help_texts(each, f"{path} {name}")
