"""A user's mistake is one line and exit code 2; a bug keeps its traceback."""

import functools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.cli.mistakes import one_line
from master_orchestrator.cluster import liveness
from master_orchestrator.cluster.locking import alone
from master_orchestrator.cluster.node_settings import free_port

MISTAKES = {
    "no such command": (["nonsense"], "No such command 'nonsense'"),
    "no such option": (
        ["kafka", "start", "--nodes", "3"],
        "(Possible options: --brokers). See 'master-orchestrator kafka start --help'.",
    ),
    "not a number": (["kafka", "start", "--brokers", "many"], "valid integer"),
    "two brokers": (["kafka", "start", "--brokers", "2"], "1 broker or 3, not 2"),
    "log level": (["--log-level", "loud", "kafka", "status"], "'loud' is not one of"),
    "no such topology": (["--topology", "nowhere.yaml", "provision"], "nowhere.yaml: cannot be read"),
    "start out of time": (["ingest", "no.csv", "--start", "1e300"], "--start '1e300' is not a time from 1970 to 9999"),
    "no such agent": (["agents", "surgeon"], "no agent type 'surgeon': use data-analysis, diagnosis"),
    "handler without place": (["agents", "--handler", "diagnosis"], "say TYPE=module:attribute"),
    "handler without attribute": (["agents", "--handler", "diagnosis=json"], "say TYPE=module:attribute"),
    "handler of no module": (["agents", "--handler", "diagnosis=no_such:f"], "No module named 'no_such'"),
    "handler not in module": (["agents", "--handler", "diagnosis=json:nope"], "has no attribute 'nope'"),
    "handler with a dot before it": (["agents", "--handler", "diagnosis=.json:loads"], "importing it fails: TypeError"),
    "handler no function": (["agents", "--handler", "diagnosis=sys:path"], "a list cannot be called"),
    "handler of another type": (["agents", "feedback", "--handler", "diagnosis=json:loads"], "is not run here"),
    "fleet without --simulate": (["up", "--", "--vehicles", "5"], "'--vehicles 5' is for a fleet: say --simulate too."),
    "fleet that never ends": (["simulate", "--minutes", "nan"], "minutes and interval above 0"),
    "demo that never ends": (["demo", "--minutes", "inf"], "minutes and interval above 0"),
    "demo at no speed": (["demo", "--speed", "inf"], "--speed inf is no speed"),
    "demo that drives too long": (
        ["demo", "--minutes", "60", "--speed", "20"],
        "60 minutes at --speed 20 are 180 s of driving, and the demo gives up after --timeout 180 s",
    ),
    "letter out of range": (["dlq", "show", "0/9999999999999999999"], "write PARTITION/OFFSET"),
    "prefix of no vehicle": (["simulate", "--prefix", "my fleet"], "prefix 'my fleet' makes 'my fleet-0020'"),
    "worker with a path": (["engine", "--worker", "../other"], "--worker '../other' names a folder"),
}


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_ORCHESTRATOR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    impatient = functools.partial(liveness.require_brokers, timeout_s=0.3)
    monkeypatch.setattr(liveness, "require_brokers", impatient)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _only_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert 2 == run(arguments)
    shown = capsys.readouterr()
    assert "" == shown.out
    (line,) = shown.err.splitlines()
    assert line.startswith("Error: ")
    return line


@pytest.mark.parametrize(("arguments", "said"), MISTAKES.values(), ids=MISTAKES)
def test_one_line_and_exit_code_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in _only_line(arguments, capsys)


@pytest.mark.parametrize("command", ["provision", "engine", "stats"])
def test_an_address_where_nobody_answers(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    line = _only_line(["--bootstrap-servers", address, command], capsys)
    assert f"no Kafka broker answers at {address}" in line


def test_a_topology_with_a_wrong_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text("version: one\n")
    assert f"{file}:1: version: " in _only_line(["--topology", str(file), "provision"], capsys)


@pytest.mark.parametrize(
    ("variable", "value"), [("MASTER_ORCHESTRATOR_LOG_LEVEL", "loud"), ("KAFKA_SECURITY_PROTOCOL", "carrier-pigeon")]
)
def test_a_wrong_variable_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert variable in _only_line(["provision"], capsys)


def test_a_secret_never_shows_in_the_complaint_about_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "hunter2")
    assert "hunter2" not in _only_line(["provision"], capsys)


def test_a_data_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "Not a directory" in _only_line(["--data-dir", str(file), "kafka", "start", "--port", "0"], capsys)


@pytest.mark.parametrize(("lock", "command"), [("up.lock", ["up"]), ("engine/engine/worker.lock", ["engine"])])
def test_a_folder_that_is_in_use(
    lock: str,
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Invocation, "require_topics", lambda _: None)
    with alone(tmp_path / lock, "mine"):
        assert f"already runs on {(tmp_path / lock).parent}" in _only_line(command, capsys)


@pytest.mark.parametrize("workflow", ["xx", "~0", "a b~0"])
def test_what_cannot_be_a_workflow_is_not_found(workflow: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == run(["cancel", workflow, "--reason", "sold"])
    assert f"Error: no workflow {workflow}: list them" in capsys.readouterr().err


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run([])
    assert "Usage: master-orchestrator" in capsys.readouterr().out


def test_a_bug_is_not_dressed_up_as_a_mistake() -> None:
    assert one_line(RuntimeError("a bug")) is None
    assert one_line(KeyError("a bug")) is None


def test_what_the_user_gave_is_quoted_up_to_a_length(capsys: pytest.CaptureFixture[str]) -> None:
    assert 1_100 > len(_only_line(["x" * 5_000], capsys))
