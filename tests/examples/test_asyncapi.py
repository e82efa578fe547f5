"""The AsyncAPI document is valid by AsyncAPI's own parser, and has every topic of the topology."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from master_orchestrator_schemas.asyncapi import document
from master_orchestrator_schemas.topology import Topology

CHECK = Path(__file__).parent / "asyncapi"
INSTALL_S = 240.0


def test_every_topic_has_a_channel_and_an_operation(topology: Topology) -> None:
    made = document(topology)
    assert {*topology.topics, *topology.command_topics} == set(made["channels"])
    received = {name for name, operation in made["operations"].items() if operation["action"] == "receive"}
    assert {f"receive.{topic}" for topic in topology.input_topics} == received


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here: the document is not validated")
def test_the_document_is_valid(topology: Topology, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CHECK, tmp_path / "check"))
    (folder / "asyncapi.json").write_text(json.dumps(document(topology)), encoding="utf-8")
    install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=INSTALL_S)
    command = ["node", "check.mjs", "asyncapi.json"]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (0, str(len(document(topology)["channels"]))) == (checked.returncode, checked.stdout.strip()), checked.stderr
