"""One log: our records and the libraries', human or JSON, and never a secret."""

import base64
import json
import logging
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
import structlog
from pydantic import BaseModel, ValidationError
from support.commands import command_for

from master_orchestrator.log_guard import MASK
from master_orchestrator.log_repeats import EVERY_S
from master_orchestrator.log_setup import configure_logging
from master_orchestrator.settings import Settings
from master_orchestrator_agents.handler import execute
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.vocabulary import AgentType


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class LogClock:
    """The time of log records; a test moves it on."""

    def __init__(self) -> None:
        self.now = time.time()


@pytest.fixture
def log_clock(monkeypatch: pytest.MonkeyPatch) -> LogClock:
    clock = LogClock()
    monkeypatch.setattr(time, "time", lambda: clock.now)
    monkeypatch.setattr(time, "time_ns", lambda: int(clock.now * 1e9))  # what log records ask from Python 3.13 on
    return clock


def _logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_ours_and_the_libraries_records_have_one_shape(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), program="engine")
    structlog.get_logger("ours").info("assigned", partition=3)
    logging.getLogger("theirs").warning("slow %s", "broker")
    ours, theirs = _logged(capsys)
    assert {"assigned", "engine", "info", "ours", 3} == {
        ours[key] for key in ("message", "program", "level", "logger", "partition")
    }
    assert ("slow broker", "engine", "warning") == (theirs["message"], theirs["program"], theirs["level"])
    assert {"timestamp"} == (ours.keys() & theirs.keys()) - {"message", "program", "level", "logger"}


def test_a_record_of_another_thread_names_the_program_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), program="engine")
    thread = threading.Thread(target=lambda: structlog.get_logger("ours").info("from a thread"))
    thread.start()
    thread.join()
    assert ["engine"] == [record["program"] for record in _logged(capsys)]


def test_secrets_are_masked_at_any_depth(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), program="engine")
    structlog.get_logger().info("started", config={"sasl.password": "hunter2", "client.id": "x"}, api_key="hunter2")
    logging.getLogger("theirs").warning("connect", extra={"ssl_key_password": "hunter2"})
    shown = capsys.readouterr().err
    assert "hunter2" not in shown
    first = json.loads(shown.splitlines()[0])
    assert {"sasl.password": MASK, "client.id": "x"} == first["config"]


def test_the_level_holds_and_libraries_stay_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json", log_level="warning"), program="engine")
    structlog.get_logger("ours").info("too quiet")
    structlog.get_logger("ours").warning("heard")
    assert ["heard"] == [record["message"] for record in _logged(capsys)]


def test_an_exception_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), program="engine")
    try:
        Path("/nowhere/inner").read_text()
    except OSError:
        structlog.get_logger("ours").exception("failed")
    (record,) = _logged(capsys)
    assert "FileNotFoundError: [Errno 2]" in json.dumps(record["exception"])
    assert "test_an_exception_keeps_its_traceback" in json.dumps(record["exception"])


def test_people_read_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="human"), program="engine")
    structlog.get_logger("ours").info("assigned", partition=3)
    shown = capsys.readouterr().err
    assert "assigned" in shown
    assert "partition" in shown
    assert not shown.startswith("{")


PRIVATE = "Jane Q Private"
SECRET = "hunter2-hunter2"  # noqa: S105 - planted, to be looked for
FORMATS = ("json", "human")


def _handler_that_fails_with(error: Exception) -> Callable[[Task], None]:
    def handle(_task: Task) -> None:
        owner = {"name": PRIVATE}
        raise error from KeyError(owner["name"])

    return handle


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize("error", [KeyError(PRIVATE), ValueError(f"no number: {PRIVATE}"), RuntimeError("broken")])
def test_a_failing_handler_shows_where_and_no_data(
    error: Exception, log_format: Literal["json", "human"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Settings(log_format=log_format, log_level="debug"), program="agents")
    execute(_handler_that_fails_with(error), command_for(AgentType.DIAGNOSIS), worker="w")
    shown = capsys.readouterr().err
    assert PRIVATE not in shown
    assert type(error).__name__ in shown
    assert "in handle" in shown or " handle" in shown
    assert __file__ in shown


@pytest.mark.parametrize("log_format", FORMATS)
def test_payloads_are_known_by_their_type(
    log_format: Literal["json", "human"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Settings(log_format=log_format, log_level="debug"), program="engine")
    message = command_for(AgentType.DIAGNOSIS, f"{PRIVATE.replace(' ', '-')}~1")
    log = structlog.get_logger("ours")
    log.debug("direct", message=message, value=PRIVATE.encode(), nested={"of": [message, (PRIVATE.encode(),)]})
    logging.getLogger("theirs").warning("library: %s %r", message, PRIVATE.encode())
    logging.getLogger("theirs").warning("its extra", extra={"body": message})
    logging.getLogger("theirs").error("crashed: %r", ValueError(PRIVATE))
    shown = capsys.readouterr().err
    assert "Jane" not in shown
    assert "<14 bytes>" in shown
    assert "<Command>" in shown


@pytest.mark.parametrize("log_format", FORMATS)
def test_an_invalid_model_does_not_show_its_input(
    log_format: Literal["json", "human"], capsys: pytest.CaptureFixture[str]
) -> None:
    class Owner(BaseModel):
        phone: int

    configure_logging(Settings(log_format=log_format), program="engine")
    try:
        Owner.model_validate({"phone": PRIVATE})
    except ValidationError as error:
        structlog.get_logger("ours").exception("invalid", error=error)
        logging.getLogger("asyncio").exception(f"Task exception was never retrieved: {error!r}", exc_info=error)  # noqa: TRY401  as asyncio does
    shown = capsys.readouterr().err
    assert PRIVATE not in shown
    assert "ValidationError" in shown


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_secret_of_the_environment_is_masked_in_every_spelling(
    log_format: Literal["json", "human"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "key"
    file.write_text('line"with quote\n')
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", SECRET)
    monkeypatch.setenv("KAFKA_SSL_KEY_PASSWORD_FILE", str(file))
    configure_logging(Settings(log_format=log_format, log_level="debug"), program="engine")
    request = f"SaslAuthenticate(b'\\x00user\\x00{SECRET}')"
    structlog.get_logger("ours").info("request", request=request, encoded=base64.b64encode(SECRET.encode()).decode())
    logging.getLogger("theirs").debug("POST /?key=%s", urllib.parse.quote('line"with quote'))
    logging.getLogger("theirs").debug("key %s", 'line"with quote')
    shown = capsys.readouterr().err
    for spelling in (SECRET, base64.b64encode(SECRET.encode()).decode(), "with quote", "with%20quote"):
        assert spelling not in shown
    assert 4 == shown.count(MASK)


def test_a_library_that_shows_whole_requests_at_debug_is_not_let(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json", log_level="debug"), program="engine")
    for name in ("aiokafka.conn", "faust.worker", "mode.signals", "kafka", "asyncio"):
        logging.getLogger(name).debug("request with %s", PRIVATE)
        logging.getLogger(name).info("started")
    structlog.get_logger("master_orchestrator.shell.engine").debug("ours")
    assert ["ours"] == [record["message"] for record in _logged(capsys)]


def test_a_record_that_cannot_be_written_does_not_take_its_arguments_along(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), program="engine")
    logging.getLogger("theirs").warning("%d of them", PRIVATE)
    shown = capsys.readouterr().err
    assert PRIVATE not in shown
    assert "a record of theirs could not be written (TypeError)" in shown


@pytest.mark.parametrize(
    ("logger", "text"),
    [
        ("librdkafka", "GETPID [producer-%s] Failed to acquire idempotence PID: loading: retrying"),
        ("aiokafka.consumer.group_coordinator", "Group Coordinator Request failed: [Error %s] NotAvailable"),
        ("aiokafka.consumer.group_coordinator", "Marking the coordinator dead (node %s)for group g."),
    ],
)
def test_what_a_client_tries_again_is_shown_only_if_it_lasts(
    capsys: pytest.CaptureFixture[str], log_clock: LogClock, logger: str, text: str
) -> None:
    configure_logging(Settings(log_format="json"), program="up")
    client = logging.getLogger(logger)
    for number in range(45):
        client.warning(text, number)
    assert [] == _logged(capsys)
    log_clock.now += EVERY_S
    client.warning(text, 46)
    assert [45] == [record["repeats"] for record in _logged(capsys)]


def test_a_library_that_repeats_itself_is_shown_once_a_minute(
    capsys: pytest.CaptureFixture[str], log_clock: LogClock
) -> None:
    configure_logging(Settings(log_format="json"), program="engine")
    coordinator = logging.getLogger("aiokafka.consumer.group_coordinator")
    for number in range(40):
        coordinator.warning("Heartbeat failed (node %s) for group %s.", number, "g")
        logging.getLogger("opentelemetry.exporter.otlp").warning("Transient error, retrying in %ss.", number)
        logging.getLogger("librdkafka").warning("%s [%s] %s", "REQTMOUT", f"consumer-{number}", "timed out")
        logging.getLogger("ours").warning("said %s times", number)
    coordinator.error("something else")
    log_clock.now += EVERY_S
    coordinator.warning("Heartbeat failed (node %s) for group %s.", 41, "g")
    shown = _logged(capsys)
    assert 40 == sum(record["logger"] == "ours" for record in shown)
    assert [
        ("Heartbeat failed (node 0) for group g.", None),
        ("Transient error, retrying in 0s.", None),
        ("REQTMOUT [consumer-0] timed out", None),
        ("something else", None),
        ("Heartbeat failed (node 41) for group g.", 39),
    ] == [(record["message"], record.get("repeats")) for record in shown if record["logger"] != "ours"]
