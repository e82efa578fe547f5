"""The dead letters of commands that had all their tries: a redrive of their workflow closes them.

They are looked for before the redrive, so that one that the workflow leaves when it fails again stays open.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from master_orchestrator.client.redriving import Settlement, settle
from master_orchestrator.readers.dead_letters import GIVEN_UP, DeadLetter, LetterId
from master_orchestrator.readers.open_letters import LetterFilter, open_letters
from master_orchestrator.readers.topics import partition_of, vehicle_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

WHY = "its workflow was redriven"


def given_up_letters(kafka: KafkaSettings, topology: Topology, workflows: Collection[str]) -> dict[str, list[LetterId]]:
    """The open letters of commands that these workflows had given up, by workflow; reads their partitions alone."""
    if not workflows:
        return {}
    partitions = {partition_of(vehicle_of(workflow), topology.partitions) for workflow in workflows}
    letters = open_letters(kafka, topology, LetterFilter(reason=GIVEN_UP, partitions=frozenset(partitions)))
    return by_workflow(letters, workflows)


def by_workflow(letters: Iterable[DeadLetter], workflows: Collection[str]) -> dict[str, list[LetterId]]:
    """The letters of these workflows."""
    ids: defaultdict[str, list[LetterId]] = defaultdict(list)
    for letter in letters:
        if letter.workflow_id in workflows:
            ids[letter.workflow_id].append(letter.id)
    return dict(ids)


def close(kafka: KafkaSettings, topology: Topology, letters: Collection[LetterId], operator: str | None) -> None:
    """Mark them as dropped, since their workflow was redriven."""
    if letters:
        list(settle(kafka, topology, letters, Settlement.by(operator, "dropped", WHY)))
