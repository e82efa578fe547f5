"""A user's mistake is one line and exit code 2, Kafka's absence another; a bug keeps its traceback."""

import errno
import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from master_orchestrator.cli import main
from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.cli.mistakes import exit_code, one_line
from master_orchestrator.cluster.errors import BrokerStartError
from master_orchestrator.cluster.locking import alone
from master_orchestrator.cluster.node_settings import free_port
from master_orchestrator.errors import EngineSilentError
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.supervision.services import command_line
from master_orchestrator_agents.errors import RunnerError

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
    "handler without place": (["agents", "--handler", "diagnosis"], "give TYPE=module:attribute"),
    "handler without attribute": (["agents", "--handler", "diagnosis=json"], "give TYPE=module:attribute"),
    "handler of no module": (["agents", "--handler", "diagnosis=no_such:f"], "No module named 'no_such'"),
    "handler not in module": (["agents", "--handler", "diagnosis=json:nope"], "has no attribute 'nope'"),
    "handler with a dot before it": (["agents", "--handler", "diagnosis=.json:loads"], "importing it fails: TypeError"),
    "handler no function": (["agents", "--handler", "diagnosis=sys:path"], "a list cannot be called"),
    "handler of another type": (["agents", "feedback", "--handler", "diagnosis=json:loads"], "is not run here"),
    "fleet without --simulate": (
        ["up", "--", "--vehicles", "5"],
        "'--vehicles 5' is for a fleet: give --simulate too.",
    ),
    "fleet that never ends": (["simulate", "--minutes", "nan"], "minutes and interval above 0"),
    "demo that never ends": (["demo", "--minutes", "inf"], "minutes and interval above 0"),
    "demo at no speed": (["demo", "--speed", "inf"], "--speed inf is not a speed"),
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


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _only_line(arguments: list[str], capsys: pytest.CaptureFixture[str], code: ExitCode = ExitCode.MISTAKE) -> str:
    assert code == run(arguments)
    shown = capsys.readouterr()
    assert "" == shown.out
    (line,) = shown.err.splitlines()
    assert line.startswith("Error: ")
    return line


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_one_line_and_exit_code_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in _only_line(arguments, capsys)


def test_a_knowledge_base_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASTER_ORCHESTRATOR_KNOWLEDGE", str(tmp_path / "nowhere.db"))
    assert "nowhere.db cannot be used as a knowledge base: No such file" in _only_line(["agents", "diagnosis"], capsys)


@pytest.mark.parametrize("command", ["provision", "up", "stats"])
def test_an_address_where_nobody_answers(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    line = _only_line(["--bootstrap-servers", address, command], capsys, ExitCode.UNAVAILABLE)
    assert f"no Kafka broker answers at {address} (connection refused): check KAFKA_BOOTSTRAP_SERVERS" in line


def test_a_host_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    line = _only_line(["--bootstrap-servers", "no-such-host.invalid:9092", "stats"], capsys, ExitCode.UNAVAILABLE)
    assert "the host no-such-host.invalid is not known: correct KAFKA_BOOTSTRAP_SERVERS" in line


def test_a_certificate_file_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("KAFKA_SSL_CA_LOCATION", "nowhere.pem")
    assert "KAFKA_SSL_CA_LOCATION cannot be used: nowhere.pem is not there" in _only_line(["stats"], capsys)


@pytest.mark.parametrize("program", ["engine", "agents"])
def test_a_worker_waits_for_its_broker_says_so_at_once_and_can_be_stopped(program: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    command = command_line("--bootstrap-servers", address, program)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        assert (
            f"waiting for Kafka: no Kafka broker answers at {address} (connection refused)" in worker.stderr.readline()
        )
        worker.terminate()
        assert ExitCode.DONE == worker.wait(30)
        assert "" == worker.stderr.read()


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
    monkeypatch.setattr(Invocation, "await_kafka", lambda _self, _stopped: None)
    with alone(tmp_path / lock, "mine"):
        assert f"already runs on {(tmp_path / lock).parent}" in _only_line(command, capsys)


@pytest.mark.parametrize("workflow", ["xx", "~0", "a b~0"])
def test_what_cannot_be_a_workflow_is_not_found(workflow: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == run(["cancel", workflow, "--reason", "sold"])
    assert f"Error: no workflow {workflow}: list them" in capsys.readouterr().err


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run([])
    assert "Usage: master-orchestrator" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RunnerError("fenced"), ExitCode.DIED),
        (EngineSilentError("t", 0, 1, 30), ExitCode.UNAVAILABLE),
        (BrokerStartError("died at its start"), ExitCode.UNAVAILABLE),
        (OSError(errno.ENOSPC, "No space left on device", "table"), ExitCode.DIED),
        (OSError(errno.ENOENT, "No such file or directory", "map.yaml"), ExitCode.MISTAKE),
        (OSError(errno.EADDRINUSE, "Address already in use"), ExitCode.MISTAKE),
    ],
)
def test_only_what_another_call_would_not_meet_is_a_mistake(error: Exception, code: ExitCode) -> None:
    assert one_line(error)
    assert code == exit_code(error)


def test_a_bug_ends_with_a_code_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def faulty() -> int:
        raise RuntimeError("a bug")

    monkeypatch.setattr(main, "run", faulty)
    with pytest.raises(SystemExit) as end:
        main.main()
    assert ExitCode.DIED == end.value.code
    assert "RuntimeError: a bug" in capsys.readouterr().err


def test_a_bug_is_not_dressed_up_as_a_mistake() -> None:
    assert one_line(RuntimeError("a bug")) is None
    assert one_line(KeyError("a bug")) is None


def test_what_the_user_gave_is_quoted_up_to_a_length(capsys: pytest.CaptureFixture[str]) -> None:
    assert 1_100 > len(_only_line(["x" * 5_000], capsys))
