"""The command line against the topics of a test."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from master_orchestrator.cli.main import run
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

Command = Callable[..., tuple[int, str]]
REPOSITORY = Path(__file__).parents[2]


def command_line(kafka: KafkaSettings, topology: Topology, folder: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line; exit code, and stdout or else stderr. ``topology`` is the
    repository's with a prefix, and may have other agents and waits.
    """
    plain = yaml.safe_load((REPOSITORY / "topology.yaml").read_text(encoding="utf-8"))
    prefix = topology.app_id.removesuffix(plain["app_id"])
    plain["topics"] = {prefix + name: terms for name, terms in plain["topics"].items()}
    plain |= {"app_id": topology.app_id, "partitions": topology.partitions}
    plain["retry"]["waits"] = [f"{wait}ms" for wait in topology.retry.waits_ms]
    for agent, terms in topology.agents.items():
        plain["agents"][agent]["enabled"] = terms.enabled
    file = folder / "topology.yaml"
    file.write_text(yaml.safe_dump(plain), encoding="utf-8")

    def runs(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["--bootstrap-servers", kafka.bootstrap_servers, "--topology", str(file), *arguments])
        shown = capsys.readouterr()
        return code, shown.out or shown.err

    return runs
