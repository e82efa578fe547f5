"""The table of crash points in the docs is the list that the tests go through."""

from pathlib import Path

from support.crash_points import CrashPoint, Part, cases, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_the_docs_show_every_crash_point_once_as_it_is_tested() -> None:
    shown = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines(keepends=True) if line.startswith("|")]
    assert table() in "".join(shown)
    assert [1] * len(CrashPoint) == [
        sum(line.startswith(f"| `{_name(point)}`") for line in shown) for point in CrashPoint
    ]


def test_every_crash_belongs_to_a_part_that_is_gone_through() -> None:
    assert list(CrashPoint) == list(dict.fromkeys(case.point for part in Part for case in cases(part)))


def _name(point: CrashPoint) -> str:
    return point.name.lower().replace("_", "-")
