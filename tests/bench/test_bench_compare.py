"""The frame of the comparisons, with contenders that only count: no peer, no Kafka."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bench_suite import compare as frame
from bench_suite.compare import ComparisonTerms, compare
from bench_suite.contenders import UnavailableError


class Counted:
    """Notes when it is measured; its figures come in the order of the rounds."""

    def __init__(self, name: str, calls: list[str], *values: float, **broken: float) -> None:
        self.name, self.terms, self._calls, self._values = name, "in memory", calls, list(values)
        self._broken = broken

    def prepare(self, home: Path) -> None:
        """Nothing to install."""

    def measure(self, *, quick: bool) -> dict[str, float]:  # noqa: ARG002  the contract's
        self._calls.append(self.name)
        return {"jobs_per_s": self._values.pop(0), **self._broken}


class Missing(Counted):
    def prepare(self, home: Path) -> None:  # noqa: ARG002  as above
        raise UnavailableError("its package is not there")


class Stumbling(Counted):
    def measure(self, *, quick: bool) -> dict[str, float]:  # noqa: ARG002  the contract's
        self._calls.append(self.name)
        raise TimeoutError("it did not answer")


class Interrupted(Counted):
    def measure(self, *, quick: bool) -> dict[str, float]:  # noqa: ARG002  the contract's
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise UnavailableError("there is no matplotlib here")

    monkeypatch.setattr(frame, "plot", none)


def compared(contenders: Sequence[Counted], tmp_path: Path, rounds: int = 3, *only: str) -> int:
    return compare("jobs", "jobs: counted", contenders, ComparisonTerms(rounds, only=only, as_json=True, home=tmp_path))


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_rounds_are_interleaved_and_ratios_are_of_the_same_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[str] = []
    ours, peer = Counted("ours", calls, 10, 100, 40), Counted("peer", calls, 20, 50, 60)
    assert 0 == compared([ours, peer], tmp_path)
    assert ["ours", "peer"] * 3 == calls
    contenders = shown(capsys)["contenders"]
    assert {"median": 40, "least": 10, "most": 100, "of_ours": 1.0} == contenders["ours"]["figures"]["jobs_per_s"]
    assert 1.5 == contenders["peer"]["figures"]["jobs_per_s"]["of_ours"]  # of 2, 0.5 and 1.5; the medians' is 1.25


def test_a_missing_peer_is_named_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []
    assert 0 == compared([Counted("ours", calls, 1), Missing("peer", calls, 1)], tmp_path, 1)
    printed = capsys.readouterr()
    assert "its package is not there" == json.loads(printed.out)["contenders"]["peer"]["unavailable"]
    assert "not measured: peer: its package is not there" in printed.err
    assert ["ours"] == calls


def test_a_round_that_fails_is_named_and_the_others_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []
    assert 0 == compared([Counted("ours", calls, 1, 1), Stumbling("peer", calls)], tmp_path, 2)
    assert ["ours", "peer"] * 2 == calls
    assert ["failed: it did not answer"] * 2 == shown(capsys)["contenders"]["peer"]["failures"]


def test_without_ours_it_has_failed(tmp_path: Path) -> None:
    assert 1 == compared([Missing("ours", []), Counted("peer", [], 1)], tmp_path, 1)


def test_only_chooses_among_peers(tmp_path: Path) -> None:
    calls: list[str] = []
    ours, peers = Counted("ours", calls, 1), [Counted(name, calls, 1) for name in ("Faust", "Quix Streams")]
    compared([ours, *peers], tmp_path, 1, "quix")
    assert ["ours", "Quix Streams"] == calls


def test_a_broken_promise_is_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compared([Counted("ours", [], 1, keys_wrong=0), Counted("peer", [], 1, keys_wrong=3)], tmp_path, 1)
    contenders = shown(capsys)["contenders"]
    assert (False, True) == (contenders["ours"]["broken"], contenders["peer"]["broken"])


def test_an_interrupt_keeps_what_was_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []
    assert 130 == compared([Counted("ours", calls, 7), Interrupted("peer", calls)], tmp_path)
    assert 7 == shown(capsys)["contenders"]["ours"]["figures"]["jobs_per_s"]["median"]


def test_raw_results_hold_machine_terms_and_every_round(tmp_path: Path) -> None:
    compared([Counted("ours", [], 1, 2), Missing("peer", [])], tmp_path, 2)
    (raw,) = (tmp_path / "results").glob("jobs-*.jsonl")
    first, *others = [json.loads(line) for line in raw.read_text(encoding="utf-8").splitlines()]
    assert {"cores", "cpu", "memory_mb", "python", "commit", "load_before"} <= first.keys()
    assert ["ours", "peer", "ours", "ours"] == [line["contender"] for line in others]
    assert [{"jobs_per_s": 1}, {"jobs_per_s": 2}] == [line["figures"] for line in others[2:]]
