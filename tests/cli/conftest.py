"""What tests of commands share."""

from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace

import pytest

from master_orchestrator.cli.context import Invocation


@pytest.fixture
def off_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is put on record, so that no broker is needed. `test_kafka_commands` has the records."""

    def on_record(*_: object, **__: object) -> AbstractContextManager[SimpleNamespace]:
        return nullcontext(SimpleNamespace())

    monkeypatch.setattr(Invocation, "on_record", on_record)
