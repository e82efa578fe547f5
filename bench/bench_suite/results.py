"""Raw results: JSON lines, one for the machine and the terms, then one for each round as it ends."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench_suite.machine import machine
from bench_suite.rounds import PeerComparison, Round


class Results:
    """A file in ``folder``, named after comparison and time; what is written stays, whatever ends the run."""

    def __init__(self, folder: Path, name: str, *, rounds: int, quick: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        started = datetime.now(UTC)
        self.path = folder / f"{name}-{started:%Y%m%dT%H%M%SZ}.jsonl"
        self._write({"comparison": name, "at": started.isoformat(), "rounds": rounds, "quick": quick, **machine()})

    def contenders(self, comparison: PeerComparison) -> None:
        """Who takes part on which terms, and who does not and why."""
        for name in comparison.names:
            self._write(
                {
                    "contender": name,
                    "terms": comparison.terms[name],
                    "unavailable": comparison.unavailable.get(name),
                }
            )

    def round(self, one: Round) -> None:
        """One round of one contender."""
        self._write(asdict(one))

    def _write(self, line: dict[str, object]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
