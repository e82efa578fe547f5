"""The command line against the topics of a test."""

from collections.abc import Callable

import pytest

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

RunCommand = Callable[..., tuple[int, str]]


def command_line(kafka: KafkaSettings, topology: Topology, capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """Runs a command line with ``topology``, whose prefix no file can give; exit code, and stdout or else stderr."""

    def runs(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Invocation, "topology", topology)
            code = run(["--bootstrap-servers", kafka.bootstrap_servers, *arguments])
        shown = capsys.readouterr()
        return code, shown.out or shown.err

    return runs
