"""In whose name requests go out, where nobody says."""

import getpass
import os

import pytest

from master_orchestrator.client.asking import operator_request
from master_orchestrator.client.redriving import Settlement
from master_orchestrator_schemas.vocabulary import OperatorAction


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found"), OSError("No username set")])
def test_a_user_without_a_name_is_known_by_number(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert f"uid {os.getuid()}" == operator_request("car-1~0", OperatorAction.CANCEL).operator
    assert f"uid {os.getuid()}" == Settlement.by(None, "dropped").operator
