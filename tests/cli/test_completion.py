"""What the shell offers on Tab, asked as a shell asks."""

import pytest

from master_orchestrator.cli.main import PROGRAM, make_app
from master_orchestrator.cluster.node_settings import free_port


def offered(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What Bash would offer at the end of the line."""
    words = line.split(" ")
    monkeypatch.setenv("_MASTER_ORCHESTRATOR_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    with pytest.raises(SystemExit):
        make_app()(args=[], prog_name=PROGRAM)
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("workflows --state in", ["in_service"]),
        ("workflows --priority U", ["URGENT"]),
        ("agents cust", ["customer-engagement"]),
    ],
)
def test_words_of_the_vocabulary_are_completed(
    line: str, expected: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected == offered(f"{PROGRAM} {line}", monkeypatch, capsys)


def test_without_kafka_no_workflow_is_offered_and_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    assert [] == offered(f"{PROGRAM} status truck", monkeypatch, capsys)
