"""Every error that the three packages raise on purpose has one root, so that one ``except`` catches all of them."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import pytest
import structlog

import master_orchestrator
import master_orchestrator_agents
import master_orchestrator_schemas
from master_orchestrator import AgentType, MasterOrchestrator, OrchestratorError
from master_orchestrator_schemas.topology import load_topology

PACKAGES = (master_orchestrator, master_orchestrator_agents, master_orchestrator_schemas)


def modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                yield import_module(module.name)


def errors() -> set[type[BaseException]]:
    return {
        value
        for module in modules()
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module.__name__
    }


def test_every_error_class_derives_from_the_root() -> None:
    classes = errors()

    assert len(classes) > 40
    assert set() == {error.__qualname__ for error in classes if not issubclass(error, OrchestratorError)}


def with_setting(name: str, value: str) -> Callable[[pytest.MonkeyPatch], object]:
    def make(monkeypatch: pytest.MonkeyPatch) -> object:
        monkeypatch.setenv(name, value)
        return MasterOrchestrator(bootstrap_servers="127.0.0.1:1")

    return make


MISTAKES: dict[str, tuple[Callable[[pytest.MonkeyPatch], object], str]] = {
    "a setting": (with_setting("KAFKA_SECURITY_PROTOCOL", "TELNET"), "KAFKA_SECURITY_PROTOCOL: Input should be"),
    "settings that do not fit": (with_setting("KAFKA_SASL_MECHANISM", "PLAIN"), "KAFKA_SASL_MECHANISM needs"),
    "no address": (lambda _: MasterOrchestrator(bootstrap_servers=""), "KAFKA_BOOTSTRAP_SERVERS"),
    "no workers": (lambda _: MasterOrchestrator(max_workers=0), "max_workers is 0"),
    "no time": (lambda _: MasterOrchestrator(timeout=-1), "timeout is -1"),
    "a text for a time": (lambda _: MasterOrchestrator(timeout=wrong("5")), "timeout is '5'"),
    "an agent": (lambda _: MasterOrchestrator().register_agent(wrong("X"), print), "X"),
    "a handler": (lambda _: MasterOrchestrator().register_agent(AgentType.FEEDBACK, wrong(3)), "FEEDBACK is 3"),
    "a topology": (lambda _: load_topology(Path("nowhere.yaml")), "nowhere.yaml"),
}


def wrong(value: Any) -> Any:
    """A value that a type checker would refuse."""
    return value


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_users_mistake_is_one_of_these_errors_and_one_line(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, message = MISTAKES[mistake]
    with pytest.raises(OrchestratorError, match=message) as raised:
        make(monkeypatch)
    assert "\n" not in str(raised.value)


def test_a_wrong_timeout_of_a_call_is_one_of_them() -> None:
    orchestrator = MasterOrchestrator()
    for agent in AgentType:
        orchestrator.register_agent(agent, lambda _: None)
    with orchestrator:
        workflow_id = orchestrator.receive_vehicle_telemetry("v", {"engine_temp": 121.0})
        with pytest.raises(OrchestratorError, match="timeout is 'soon'"):
            orchestrator.wait_until_ended(workflow_id, timeout=wrong("soon"))


def test_a_secret_in_a_wrong_setting_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "hunter2")
    with structlog.testing.capture_logs() as logs, pytest.raises(OrchestratorError) as raised:
        MasterOrchestrator(bootstrap_servers="127.0.0.1:1")
    assert "hunter2" not in f"{raised.value} {logs}"
