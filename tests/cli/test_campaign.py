"""`campaign`: what would be opened is shown first, and each vehicle is asked for once."""

import json
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.statuses import status

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.client import asking, campaigns
from master_orchestrator.ports import EngineAnswer
from master_orchestrator.readers import campaigns as readers
from master_orchestrator.readers.campaigns import CampaignFold
from master_orchestrator_agents.quality.eight_d import Concern, recall_command
from master_orchestrator_schemas.messages import Cause, OperatorRequest
from master_orchestrator_schemas.vocabulary import OperatorAction, Priority, Reason, State

ID = "R-1"
WORK = ["--operation", "replace_water_pump"]


class Engine:
    """Takes every request but those of ``rejected``; closed after as many answers as ``closes_after``."""

    def __init__(self) -> None:
        self.asked: list[OperatorRequest] = []
        self.rejected: set[str] = set()
        self.closes_after: int | None = None
        self.apart_s = 0.0

    def ask_paced(
        self, _kafka: object, _topology: object, requests: Iterable[OperatorRequest], *, apart_s: float, **_: object
    ) -> Iterator[tuple[OperatorRequest, EngineAnswer]]:
        self.apart_s = apart_s
        for request in requests:
            if len(self.asked) == self.closes_after:
                return
            self.asked.append(request)
            why = "too_many_campaigns" if request.vehicle_id in self.rejected else None
            cause = Cause(topic="operator.requests", partition=0, offset=len(self.asked))
            yield request, EngineAnswer(cause=cause, rejection=why)

    def ask_all(
        self, _kafka: object, _topology: object, requests: Iterable[OperatorRequest], **_: object
    ) -> Iterator[tuple[OperatorRequest, str | None]]:
        for request in requests:
            self.asked.append(request)
            yield request, None


STATUSES = [
    status("car-1~0", State.CUSTOMER_ENGAGEMENT, campaigns=(ID,)),
    status("car-2~0", State.SCHEDULED, campaigns_waiting=("R-2",)),
    status("car-5~0", State.COMPLETED, reason=Reason.DECLINED, campaigns=(ID,)),
]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, off_the_record: None) -> Engine:
    """An engine with the vehicles of ``STATUSES``."""
    fake = Engine()
    monkeypatch.setattr(Invocation, "kafka", None)
    monkeypatch.setattr(Invocation, "reachable_kafka", lambda *_: None)
    monkeypatch.setattr(readers, "read_campaigns", lambda *_: CampaignFold().take(STATUSES))
    monkeypatch.setattr(campaigns, "ask_paced", fake.ask_paced)
    monkeypatch.setattr(campaigns, "LOOK_EVERY_S", 0)
    monkeypatch.setattr(asking, "ask_all", fake.ask_all)
    return fake


@pytest.fixture
def fleet(tmp_path: Path) -> str:
    """Five vehicles, four of them with lot L-1."""
    path = tmp_path / "fleet.csv"
    rows = [f"car-{number},T-Line,{'L-2' if number == 4 else 'L-1'}" for number in range(1, 6)]
    path.write_text("\n".join(["vehicle_id,model,lot", *rows]), encoding="utf-8")
    return str(path)


def answered(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_without_yes_it_says_what_would_be_opened(
    engine: Engine, fleet: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["campaign", "open", ID, "--vehicles", fleet, "--lot", "L-1", *WORK]
    assert 0 == run(command)
    shown = capsys.readouterr().out
    assert "Would be opened: R-1, replace_water_pump (3.5 h, engine, standard), SCHEDULED, for 2 of" in shown
    assert "With an open workflow, which the work joins or waits for: 1." in shown
    assert "Never heard of by this system, and asked about all the same: 1." in shown
    assert "Nothing was done: say --yes to do it." in shown
    assert 0 == run([*command, "--json"])
    plan = answered(capsys)
    assert (False, 2, 1, 1) == (plan["acted"], plan["taking_part"], plan["with_an_open_workflow"], plan["never_seen"])
    assert [] == engine.asked


def test_with_yes_each_vehicle_that_takes_no_part_yet_is_asked_for(
    engine: Engine, fleet: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--priority", "high", "--rate", "2/s", "--part", "p-1", "--title", "It may leak", "--operator", "ada"]
    assert 0 == run(["campaign", "open", ID, "--vehicles", fleet, *WORK, *more, "--yes", "--json"])
    told = answered(capsys)
    assert (3, [], False) == (told["asked"], told["rejected"], told["closed"])
    assert ["car-2", "car-3", "car-4"] == [request.vehicle_id for request in engine.asked]
    first = engine.asked[0]
    assert (OperatorAction.OPEN_CAMPAIGN, Priority.HIGH, "ada") == (first.action, first.priority, first.operator)
    assert first.campaign is not None
    assert ("It may leak", 3.5, ("p-1",)) == (first.campaign.title, first.campaign.labour_hours, first.campaign.parts)
    assert 0.5 == engine.apart_s


def test_a_rejection_and_a_close_are_told(engine: Engine, fleet: str, capsys: pytest.CaptureFixture[str]) -> None:
    engine.rejected, engine.closes_after = {"car-3"}, 2
    assert 1 == run(["campaign", "open", ID, "--vehicles", fleet, *WORK, "--yes"])
    shown = capsys.readouterr().out
    assert "opened: 1 of 2." in shown
    assert "Not car-3: too_many_campaigns" in shown
    assert "closed meanwhile" in shown


@pytest.mark.parametrize(
    ("more", "code", "error"),
    [
        (["--rate", "fast"], 2, "--rate 'fast' is not a rate: write 60/min"),
        (["--priority", "soon"], 2, "--priority 'soon' is not one of URGENT"),
        (["--skill", "x" * 41], 2, "the campaign cannot be carried"),
        (["--component", "hose"], 2, "column component: is missing in the header"),
        (["--lot", "L-9"], 1, "names no vehicle that is concerned"),
    ],
)
def test_a_mistake_is_named(
    engine: Engine, fleet: str, capsys: pytest.CaptureFixture[str], more: list[str], code: int, error: str
) -> None:
    assert code == run(["campaign", "open", ID, "--vehicles", fleet, *WORK, *more, "--yes"])
    assert error in capsys.readouterr().err
    assert [] == engine.asked


def test_show_and_list_count_the_vehicles(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(["campaign", "show", ID, "--json"])
    told = answered(capsys)
    assert (2, 1, 1) == (told["vehicles"], told["open"], told["refused"])
    expected = {"vehicle_id": "car-5", "workflow_id": "car-5~0", "part": "refused"}
    assert expected == told["participations"][1]
    assert 0 == run(["campaign", "list", "--json"])
    assert [(ID, 0), ("R-2", 1)] == [(line["campaign"], line["waiting"]) for line in answered(capsys)]
    assert 0 == run(["campaign", "list"])
    assert ID in capsys.readouterr().out
    assert 1 == run(["campaign", "show", "R-9"])


def test_close_tells_those_that_wait_or_are_under_way(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(["campaign", "close", "R-2", "--reason", "wrong parts"])
    assert "Would be closed: R-2; the work that waits is withdrawn from 1 vehicle." in capsys.readouterr().out
    assert [] == engine.asked
    assert 0 == run(["campaign", "close", ID, "--reason", "wrong parts", "--yes"])
    assert [("car-1", OperatorAction.CLOSE_CAMPAIGN)] == [(asked.vehicle_id, asked.action) for asked in engine.asked]


def test_close_tells_those_that_were_asked_for_meanwhile(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    later = [*STATUSES, status("car-7~0", State.SCHEDULED, campaigns_waiting=(ID,))]
    folds = [CampaignFold().take(STATUSES), CampaignFold().take(later), CampaignFold().take(later)]
    monkeypatch.setattr(readers, "read_campaigns", lambda *_: folds.pop(0))
    assert 0 == run(["campaign", "close", ID, "--reason", "wrong parts", "--yes"])
    assert ["car-1", "car-7"] == [request.vehicle_id for request in engine.asked]


def test_the_command_that_a_capa_names_can_be_run(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "FLEET.csv"
    path.write_text("vehicle_id,lot,component\ncar-9,L 1,water_pump\n", encoding="utf-8")
    concern = Concern("water_pump", ["L 1"], ["S"], ["P"], "2026-01", "2026-01", 100, 9, 1.0)
    command = [str(path) if word == "FLEET.csv" else word for word in shlex.split(recall_command(concern))]
    assert 0 == run(command[1:])
    assert ["car-9"] == [request.vehicle_id for request in engine.asked]
