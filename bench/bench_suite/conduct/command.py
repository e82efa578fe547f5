"""``python bench conduct``: how `ueba analyze` judges recordings with attacks and oddities that are known."""

import json
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench_suite.conduct.attacks import FAMILIES, Family
from bench_suite.conduct.life import RecordedLife
from bench_suite.conduct.oddities import ODDITIES
from master_orchestrator.behaviour import Analysis, AnalysisTerms, BehaviourFinding, Rule
from master_orchestrator.readers.analysis_report import criticalities
from master_orchestrator.readers.recorded_acts import ActFile
from master_orchestrator_schemas.topology import load_topology

UNSEEN_FROM = 100
LEARNT_DAYS = 14
IN_TIME_H = 1.0
"""An attack is to be told this long after its begin, or by its end where it lasts longer."""
AFTERMATH_H = 24.0
"""What is told of the actor until then belongs to the attack: the longest window is a day."""


@dataclass(frozen=True)
class PlantedAttack:
    """An attack of a recording."""

    family: str
    actor: str
    begin: datetime
    hours: float

    def is_told_by(self, finding: BehaviourFinding) -> bool:
        """Whether the finding belongs to it."""
        end = self.begin + timedelta(hours=self.hours + AFTERMATH_H)
        return finding.agent == self.actor and self.begin <= _when(finding) <= end

    def in_time(self, finding: BehaviourFinding) -> bool:
        """Whether the finding came early enough."""
        return _when(finding) <= self.begin + timedelta(hours=max(IN_TIME_H, self.hours))


@dataclass
class JudgedRecording:
    """What became of a recording."""

    planted: list[PlantedAttack]
    missed: list[str]
    late: list[str]
    false: list[BehaviourFinding]
    days: int
    lines: int
    seconds: float


def _when(finding: BehaviourFinding) -> datetime:
    return datetime.fromtimestamp((finding.alerted_ms or finding.time_ms) / 1000, UTC)


def judged(seed: int, *, harmless: bool = False) -> JudgedRecording:
    """Make the recording of a seed and judge it: all attacks in any order, or all oddities, one a day each."""
    life = RecordedLife(
        seed, days=LEARNT_DAYS + (len(ODDITIES) if harmless else len(FAMILIES)) + 1, commands=seed % 2 == 0
    )
    life.ordinary()
    planted: list[PlantedAttack] = []
    if harmless:
        for day, oddity in enumerate(life.random.sample(ODDITIES, len(ODDITIES)), LEARNT_DAYS):
            oddity(life, day)
    else:
        for day, family in enumerate(life.random.sample(FAMILIES, len(FAMILIES)), LEARNT_DAYS):
            planted.append(_plant(life, family, day))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "acts.ndjson"
        lines = list(map(json.dumps, life.recorded()))
        file.write_text("\n".join(lines), encoding="utf-8")
        started = time.process_time()
        alerts = _alerts(file, life.at(LEARNT_DAYS, 0))
        seconds = time.process_time() - started
    return _verdict(planted, alerts, JudgedRecording([], [], [], [], life.days - LEARNT_DAYS, len(lines), seconds))


def _plant(life: RecordedLife, family: Family, day: int) -> PlantedAttack:
    before = len(life.lines)
    actor, hours = family(life, day)
    times = [line["time"] for line in life.lines[before:]]
    return PlantedAttack(family.__name__, actor, min(times, default=life.at(day, 8)).replace(microsecond=0), hours)


def _alerts(file: Path, learn_until: datetime) -> list[BehaviourFinding]:
    criticality, leaves = criticalities(load_topology().resources)
    terms = AnalysisTerms(learn_until_ms=int(learn_until.timestamp() * 1000), criticality=criticality, leaves=leaves)
    analysis = Analysis(terms)
    for act in ActFile(file):
        analysis.observe(act)
    return [finding for finding in analysis.findings if finding.alerts and finding.rule is not Rule.RISK]


def _verdict(planted: list[PlantedAttack], alerts: list[BehaviourFinding], judged: JudgedRecording) -> JudgedRecording:
    judged.planted = planted
    for attack in planted:
        told = [finding for finding in alerts if attack.is_told_by(finding)]
        if not told:
            judged.missed.append(attack.family)
        elif not any(map(attack.in_time, told)):
            judged.late.append(attack.family)
    judged.false = [finding for finding in alerts if not any(attack.is_told_by(finding) for attack in planted)]
    return judged


def conduct(
    seeds: Annotated[
        list[int], typer.Argument(help=f"Two recordings each; odd: no commands known; from {UNSEEN_FROM} on unseen.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON instead of tables.")] = False,  # noqa: FBT002  typer's
) -> None:
    """Recordings with 17 families of attacks, and with harmless oddities: what `ueba analyze` tells, and when."""
    attacked = [judged(seed) for seed in seeds]
    harmless = [judged(seed, harmless=True) for seed in seeds]
    every = [*attacked, *harmless]
    lines, seconds = sum(each.lines for each in every), sum(each.seconds for each in every)
    figures = {
        "attacks": sum(len(each.planted) for each in attacked),
        "missed": sum(len(each.missed) for each in attacked),
        "late": sum(len(each.late) for each in attacked),
        "false_alerts": sum(len(each.false) for each in every),
        "days": sum(each.days for each in every),
        "lines": lines,
        "cpu_seconds_per_100000": round(1e5 * seconds / lines, 1),
    }
    if as_json:
        print(json.dumps({"seeds": seeds, "figures": figures}))
        return
    console = Console()
    console.print(_by_family(attacked))
    for each in every:
        for finding in each.false:
            console.print(
                f"false: {_when(finding)} {finding.agent} {finding.rule} {finding.explanation}", soft_wrap=True
            )
    for name, value in figures.items():
        console.print(f"{name}: {value}")


def _by_family(attacked: list[JudgedRecording]) -> Table:
    table = Table("family", "attacks", "told in time", "late", "missed")
    counts: dict[str, Counter[Any]] = {family.__name__: Counter() for family in FAMILIES}
    for each in attacked:
        for attack in each.planted:
            counts[attack.family]["of"] += 1
        for name in each.missed:
            counts[name]["missed"] += 1
        for name in each.late:
            counts[name]["late"] += 1
    for name, count in counts.items():
        told = count["of"] - count["missed"] - count["late"]
        table.add_row(name.replace("_", " "), *map(str, (count["of"], told, count["late"], count["missed"])))
    return table
