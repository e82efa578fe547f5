"""A larger knowledge base by file: titles for codes that the packaged tables do not know, and never a part."""

import csv
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator_agents.reference import reference_agent, reference_agents
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis import DiagnosisAgent, title_file
from master_orchestrator_agents.reference.diagnosis.title_file import VARIABLE, KnowledgeError, read_titles
from master_orchestrator_agents.reference.diagnosis.titles import title_of
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.errors import OrchestratorError
from master_orchestrator_schemas.facts import RankedCause
from master_orchestrator_schemas.results import DiagnosisResult
from master_orchestrator_schemas.vocabulary import AgentType

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "kb"
OWN = "P0335"
"""A code that the packaged table has a title for."""

TITLES = {
    "P1258": "Engine Metal Overtemperature Protection",
    "P2FF0": "Coolant Bypass Valve D Control Circuit/Open",
    "B3A24-1C": "Invalid Data Received From Audio Amplifier",
    OWN: "Replace The Whole Engine",
}
Titled = Callable[[Path, str], RankedCause]


def as_csv(path: Path, rows: Iterable[tuple[str, str]] = tuple(TITLES.items())) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
    return path


def as_sqlite(path: Path, rows: Iterable[tuple[str, str, str, str, int]] = ()) -> Path:
    """The public databases' form: code, manufacturer, description, locale, is_generic."""
    whole = [(code, "GENERIC", title, "en", 1) for code, title in TITLES.items()]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE statistics (manufacturer TEXT, total_codes INTEGER)")
        database.execute(
            "CREATE TABLE dtc_definitions "
            "(code TEXT, manufacturer TEXT, description TEXT, locale TEXT, is_generic BOOLEAN)"
        )
        database.executemany("INSERT INTO dtc_definitions VALUES (?, ?, ?, ?, ?)", [*whole, *rows])
    return path


@pytest.fixture
def diagnosed(codes: CodeTable, task_of: Callable[..., Task[Any]]) -> Callable[..., DiagnosisResult]:
    def run(titles: Mapping[str, str], code: str) -> DiagnosisResult:
        return DiagnosisAgent(codes, titles=titles)(task_of(AgentType.DIAGNOSIS, dtcs=[code]))

    return run


@pytest.fixture
def first(diagnosed: Callable[..., DiagnosisResult]) -> Titled:
    """The leading cause that DIAGNOSIS makes of a code with the file's titles."""

    def run(path: Path, code: str) -> RankedCause:
        causes = diagnosed(read_titles(path), code).causes
        assert causes
        return causes[0]

    return run


@pytest.mark.parametrize("make", [as_csv, as_sqlite])
def test_a_code_without_a_title_of_ours_has_the_files(tmp_path: Path, first: Titled, make: Callable[..., Path]) -> None:
    cause = first(make(tmp_path / "kb"), "P1258")

    assert ("trouble_code_p1258", "P1258") == (cause.component, cause.dtc)
    assert cause.description is not None
    assert cause.description.startswith("P1258: Engine Metal Overtemperature Protection. Check first: ")


@pytest.mark.parametrize("make", [as_csv, as_sqlite])
def test_our_own_title_wins(tmp_path: Path, first: Titled, make: Callable[..., Path]) -> None:
    assert "crankshaft_position_sensor" == first(make(tmp_path / "kb"), OWN).component


def test_a_title_orders_an_inspection_and_no_part(tmp_path: Path, diagnosed: Callable[..., DiagnosisResult]) -> None:
    titles = read_titles(as_csv(tmp_path / "kb.csv"))
    for code in sorted(TITLES.keys() - {OWN}):
        (operation,) = diagnosed(titles, code).operations
        assert ("inspect", ()) == (operation.name, operation.parts)


def test_without_a_file_it_is_what_its_number_says(diagnosed: Callable[..., DiagnosisResult]) -> None:
    causes = diagnosed({}, "P1258").causes

    assert causes
    assert "code_of_the_make" == causes[0].component


def test_a_failure_type_may_have_a_title_of_its_own(tmp_path: Path, first: Titled) -> None:
    path = as_csv(tmp_path / "kb.csv", [("B2466", "Seat"), ("B2466-1C", "Seat, voltage out of range")])

    assert ["B2466-1C: Seat, voltage", "B2466-11: Seat."] == [
        (first(path, "B2466-1C").description or "")[:23],
        (first(path, "B2466-11").description or "")[:15],
    ]


def test_what_to_check_follows_from_the_titles_words(tmp_path: Path, first: Titled) -> None:
    path = as_csv(tmp_path / "kb.csv")

    assert "Check first: connector and wiring" in (first(path, "P2FF0").description or "")
    assert "Check first: codes of the unit that sends it" in (first(path, "B3A24-1C").description or "")
    assert "Check first: whether this title is that of the vehicle's make, then the stored data of the code" in (
        first(path, "P1258").description or ""
    )


def test_makes_that_disagree_leave_a_code_without_title(tmp_path: Path) -> None:
    makes = [
        ("P1174", "HONDA", "Fuel trim", "en", 0),
        ("P1174", "FORD", "Rear switch", "en", 0),
        ("P1175", "HONDA", "Same", "en", 0),
        ("P1175", "FORD", "Same", "en", 0),
        ("P2FF0", "FORD", "Something else", "en", 0),
        ("P1258", "FORD", "Pedal", "en", 0),
        ("P1176", "FORD", "Autre", "fr", 0),
    ]

    titles = read_titles(as_sqlite(tmp_path / "kb.db", makes))

    assert "P1174" not in titles
    assert "P1176" not in titles
    assert "P1258" not in titles, "the makers' own: what is called generic of it is one of them"
    assert ("Same", TITLES["P2FF0"]) == (titles["P1175"], titles["P2FF0"])


def test_codes_in_any_spelling_and_titles_in_any_length(tmp_path: Path) -> None:
    path = as_csv(
        tmp_path / "kb.csv", [("Code", "Description"), ("p 1258*", " Too\n\x1b[2J hot "), ("P1259", "x" * 9999)]
    )

    assert {"P1258": "Too [2J hot", "P1259": "x" * title_file.MAX_TITLE_CHARACTERS} == read_titles(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"\x89PNG\r\n\x1a\n\0\0\xff", "neither SQLite nor CSV"),
        (b"SQLite format 3\0 and no more", "neither SQLite nor CSV"),
        (b"[triage]\nmax_gap = 3\n", "no trouble code"),
        (b"", "no trouble code"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "kb"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(KnowledgeError, match=why) as raised:
        read_titles(path)

    assert str(raised.value).startswith(str(path))
    assert VARIABLE in str(raised.value)
    assert "\n" not in str(raised.value)


def test_so_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="Is a directory"):
        read_titles(tmp_path)


def test_and_one_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_csv(tmp_path / "kb.csv")
    monkeypatch.setattr(title_file, "MAX_ROWS", 2)
    with pytest.raises(KnowledgeError, match="more than 2 rows"):
        read_titles(path)
    monkeypatch.setattr(title_file, "MAX_BYTES", 10)
    with pytest.raises(KnowledgeError, match="larger than"):
        read_titles(path)


def test_the_environment_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task_of: Callable[..., Task[Any]]
) -> None:
    monkeypatch.setenv(VARIABLE, str(as_csv(tmp_path / "kb.csv")))

    result = reference_agents(tmp_path)[AgentType.DIAGNOSIS](task_of(AgentType.DIAGNOSIS, dtcs=["P1258"]))

    assert isinstance(result, DiagnosisResult)
    assert result.causes
    assert "trouble_code_p1258" == result.causes[0].component


def test_only_diagnosis_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere.db"))

    reference_agent(AgentType.DATA_ANALYSIS, tmp_path)
    with pytest.raises(OrchestratorError, match=r"nowhere\.db"):
        reference_agent(AgentType.DIAGNOSIS, tmp_path)


needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the public knowledge bases are not on this machine")


@needs_shared
@pytest.mark.parametrize(("name", "least"), [("dtc_codes.db", 10_000), ("mytrile_obd_trouble_codes.csv", 3_000)])
def test_the_public_files_leave_nothing_unidentified_that_they_know(
    name: str, least: int, diagnosed: Callable[..., DiagnosisResult]
) -> None:
    titles = read_titles(SHARED / name)

    assert len(titles) >= least
    for code in [code for code in titles if title_of(code) is None][::97]:
        result = diagnosed(titles, code)
        assert result.causes
        assert not result.causes[0].component.startswith("unidentified"), code
