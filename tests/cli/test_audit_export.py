"""`audit export` where a record cannot be read: the others are written, and the exit code says that it is not all."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.readers import activity, actors, audit
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Activity, ActorRecord

M = TypeVar("M", Activity, ActorRecord)
pytestmark = pytest.mark.usefixtures("off_the_record")

EXAMPLES = Path(__file__).parents[2] / "schemas" / "master_orchestrator_schemas" / "examples"
RECORD = bytes.fromhex((EXAMPLES / "audit_record.v1.opened.hex").read_text())
WORKFLOW = json.loads((EXAMPLES / "audit_record.v1.opened.json").read_text())["workflow_id"]


class Stored(NamedTuple):
    """A record of the audit topic, with confluent-kafka's methods."""

    workflow: str
    bytes_: bytes

    def topic(self) -> str:
        return "workflow.audit"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 7

    def key(self) -> bytes:
        return f"{self.workflow}/0".encode()

    def value(self) -> bytes:
        return self.bytes_


STORED = [Stored(WORKFLOW, RECORD), Stored("other~0", b"garbage"), Stored(WORKFLOW, RECORD)]


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What a command logs on stderr."""
    with capture_logs() as logs:
        yield logs


@pytest.fixture(autouse=True)
def trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every partition but the first is empty."""

    class Reader:
        def __init__(self, partitions: list[int]) -> None:
            self._partitions = partitions

        def catch_up(self, _progress: object) -> Iterator[Stored]:
            return iter(STORED if self._partitions == [0] else [])

    def opened(_kafka: object, _topics: object, partitions: list[int], **_: object) -> AbstractContextManager[Reader]:
        return nullcontext(Reader(partitions))

    monkeypatch.setattr(audit, "TopicReader", opened)
    monkeypatch.setattr(audit, "partition_of", lambda *_: 0)
    monkeypatch.setattr(Invocation, "reachable_kafka", lambda *_: KafkaSettings())


@pytest.mark.parametrize("form", ["ndjson", "exact"])
def test_the_others_are_written_and_the_exit_code_is_that_of_a_violation(
    form: str, capsys: pytest.CaptureFixture[str], logs: list[EventDict]
) -> None:
    assert ExitCode.NO == run(["audit", "export", "--format", form])

    assert [WORKFLOW, WORKFLOW] == [json.loads(line)["workflow_id"] for line in capsys.readouterr().out.splitlines()]
    assert [True] == ["workflow.audit[0]@7" in log["why"] for log in logs]


def test_the_answer_counts_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "audit.ndjson"

    assert ExitCode.NO == run(["audit", "export", "--output", str(file), "--json"])

    assert {"records": 2, "left_out": 1, "output": str(file)} == json.loads(capsys.readouterr().out)
    assert 2 == len(file.read_text().splitlines())


def test_another_workflow_s_does_not_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert ExitCode.DONE == run(["audit", "export", "--workflow", WORKFLOW])

    assert 2 == len(capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(("options", "classes"), [([], [6003, 6003, 2004]), (["--workflow", "v-1~1"], [6003, 6003])])
def test_what_actors_did_and_what_was_found_goes_out_as_ocsf(
    options: list[str], classes: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def example(name: str, kind: type[M]) -> M:
        return Codec().decode(bytes.fromhex((EXAMPLES / f"{name}.hex").read_text()), kind)

    session = msgspec.structs.replace(example("activity.v1.scheduling", Activity), workflow_id="v-1~1")
    found = example("actor_record.v1.finding_raised", ActorRecord)
    monkeypatch.setattr(activity, "read_activity", lambda *_: iter([(5, session)]))
    monkeypatch.setattr(actors, "read_actor_trails", lambda *_: iter([found]))

    assert ExitCode.DONE == run(["audit", "export", "--format", "ocsf", *options])

    assert classes == [json.loads(line)["class_uid"] for line in capsys.readouterr().out.splitlines()]
