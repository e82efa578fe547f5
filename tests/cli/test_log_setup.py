"""One log: our records and the libraries', human or JSON, and never a secret."""

import json
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from master_orchestrator.log_setup import MASK, configure_logging
from master_orchestrator.settings import Settings


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


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
        int("inner")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
    (record,) = _logged(capsys)
    assert "inner" in json.dumps(record["exception"])


def test_people_read_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="human"), program="engine")
    structlog.get_logger("ours").info("assigned", partition=3)
    shown = capsys.readouterr().err
    assert "assigned" in shown
    assert "partition" in shown
    assert not shown.startswith("{")
