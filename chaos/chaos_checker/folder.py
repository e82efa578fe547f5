"""A run's folder: what it says of itself, and its journals."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chaos_checker.actor_records import RogueAct
from chaos_checker.records import RecordPlace, SentRecord


class RunFolder(NamedTuple):
    """``run.json``, with paths made whole."""

    folder: Path
    bootstrap_servers: str
    topology: Path
    engines: dict[str, Path]
    agents_data: Path


def read_run(folder: Path) -> RunFolder:
    """The run of a folder. Raises ``OSError``, ``KeyError``, ``ValueError`` if it was never written to its end."""
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return RunFolder(
        folder=folder,
        bootstrap_servers=facts["bootstrap_servers"],
        topology=folder / facts["topology"],
        engines={name: folder / path for name, path in facts["engines"].items()},
        agents_data=folder / facts["agents_data"],
    )


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal; none if there is no such file. A last line that was cut off is passed over."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)


def read_sent(path: Path) -> list[SentRecord]:
    """The load's journal. An expectation holds only if all records it rests on were acknowledged."""
    rows = list(lines(path))
    acked = {row["shot"] for row in rows if row["acked"]}
    return [sent_of(row, needed=acked.issuperset(row["given"])) for row in rows]


def sent_of(row: Mapping[str, Any], *, needed: bool) -> SentRecord:
    """One line of it."""
    at = None if row["offset"] is None else RecordPlace(row["topic"], row["partition"], row["offset"])
    return SentRecord(
        place=at,
        topic=row["topic"],
        acked=row["acked"],
        aborted=at is not None and not row["acked"],
        vehicle=row["vehicle"],
        expects=row["expects"],
        strict=row["strict"],
        needed=needed,
        rule=row["rule"],
        request_id=row["request_id"],
        size=row["size"],
        name=row["shot"],
    )


def read_rogues(path: Path) -> list[RogueAct]:
    """The journal of the load's rogues."""
    return [
        RogueAct(RecordPlace(row["topic"], row["partition"], row["offset"]), row["activity_id"], row["actor"])
        for row in lines(path)
    ]
