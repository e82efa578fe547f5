"""The recordings of `bench conduct`: every attack and oddity can be read, and the attack is of the actor it names."""

import json
from pathlib import Path

import pytest
from bench_suite.conduct.attacks import FAMILIES, Family
from bench_suite.conduct.life import RecordedLife
from bench_suite.conduct.oddities import ODDITIES

from master_orchestrator.readers.recorded_acts import ActFile


def lived(*, commands: bool) -> RecordedLife:
    life = RecordedLife(7, days=2, commands=commands, workflows=8.0)
    life.ordinary()
    return life


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_an_attack_is_by_the_actor_that_it_names(family: Family) -> None:
    life = lived(commands=True)
    before = len(life.lines)
    actor, hours = family(life, 1)
    assert {actor} >= {line["agent"] for line in life.lines[before:]}
    assert hours > 0


@pytest.mark.parametrize("commands", [True, False])
def test_all_of_it_can_be_read(commands: bool, tmp_path: Path) -> None:
    life = lived(commands=commands)
    for family in FAMILIES:
        family(life, 1)
    for oddity in ODDITIES:
        oddity(life, 1)
    file = tmp_path / "acts.ndjson"
    file.write_text("\n".join(map(json.dumps, life.recorded())), encoding="utf-8")
    acts = list(ActFile(file))
    assert len(life.lines) == len(acts)
    assert {commands} == {act.commands_known for act in acts}
