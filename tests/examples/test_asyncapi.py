"""The AsyncAPI document is valid by AsyncAPI's own parser, and has every topic of the topology."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.toolchains import npm_install

from master_orchestrator_schemas.asyncapi import document
from master_orchestrator_schemas.topology import Topology

CHECK = Path(__file__).parent / "asyncapi"


def test_every_topic_has_a_channel_and_an_operation(topology: Topology) -> None:
    made = document(topology)
    assert {*topology.topics, *topology.command_topics} == set(made["channels"])
    received = {name for name, operation in made["operations"].items() if operation["action"] == "receive"}
    assert {f"receive.{topic}" for topic in (*topology.input_topics, *topology.ueba_input_topics)} == received


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here: the document is not validated")
def test_the_document_is_valid(topology: Topology, tmp_path: Path) -> None:
    folder = npm_install(CHECK, tmp_path)
    (folder / "asyncapi.json").write_text(json.dumps(document(topology)), encoding="utf-8")
    command = ["node", "check.mjs", "asyncapi.json"]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (0, str(len(document(topology)["channels"]))) == (checked.returncode, checked.stdout.strip()), checked.stderr
