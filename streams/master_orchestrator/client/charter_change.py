"""The charters that `provision` brings into force, as its record tells them: every line, and what changed since."""

from collections.abc import Iterable, Iterator, Sequence

import yaml

from master_orchestrator.readers.decoding import decoded
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Activity
from master_orchestrator_schemas.messages.activity import MAX_DETAILS
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import CharterLine, Topology, UebaTerms
from master_orchestrator_schemas.vocabulary import Action, ActorKind

ACT = ("admin", "policy")
"""What bringing charters into force is, on record."""

TAIL = 5_000
"""Newest records of each partition among which the charters before are looked for."""

KEPT, ADDED, REMOVED = "  ", "+ ", "- "
_LONGER = "… there are more"


def charter_lines(topology: Topology) -> list[str]:
    """Every line of every charter, as it is written in ``topology.yaml``, behind its actor; how they are enforced."""
    charters = [f"{actor}: {_written(line)}" for actor, lines in topology.charters.items() for line in lines]
    return [*charters, f"ueba: {_written(topology.ueba, defaults=True)}"]


def change(before: Sequence[str] | None, after: Sequence[str]) -> str | None:
    """The lines that went and those in force, marked where they are new; None where nothing changed.

    ``before`` None: nobody knows.
    """
    if before == after:
        return None
    known = after if before is None else before
    gone = [REMOVED + line for line in known if line not in after]
    text = "\n".join([*gone, *((KEPT if line in known else ADDED) + line for line in after)])
    if len(text) <= MAX_DETAILS:
        return text
    return text[: MAX_DETAILS - len(_LONGER) - 1].rpartition("\n")[0] + "\n" + _LONGER


def in_force(details: str) -> list[str] | None:
    """The inverse of :func:`change`; None where it had no room for all."""
    lines = details.split("\n")
    if _LONGER in lines:
        return None
    return [line[len(KEPT) :] for line in lines if not line.startswith(REMOVED)]


def charters_before(kafka: KafkaSettings, topology: Topology, partitions: Sequence[int]) -> list[str] | None:
    """The lines of the newest record of charters, among the newest of these partitions; None without one."""
    topic = topology.topic_of("Activity")
    if not partitions:
        return None
    with TopicReader(kafka, [topic], partitions, from_end=[topic]) as reader:
        starts = {place: max(0, end - TAIL) for place, end in reader.end_offsets().items()}
    newest = max(_changes(kafka, topology, topic, starts), default=None)
    return None if newest is None else in_force(newest[1])


def _changes(
    kafka: KafkaSettings, topology: Topology, topic: str, starts: dict[Partition, int]
) -> Iterator[tuple[int, str]]:
    codec, prefix = Codec(topology.limits), f"{ActorKind.OPERATOR}:".encode()
    with TopicReader(kafka, [topic], [place.partition for place in starts], start=starts) as reader:
        for message in reader.catch_up():
            if (message.key() or b"").startswith(prefix):
                for record in decoded([message], Activity, codec):
                    if record.details is not None and _is_change(record):
                        yield message.timestamp()[1], record.details


def _is_change(record: Activity) -> bool:
    action, resource = ACT
    return any((act.action, act.resource) == (Action(action.upper()), resource) for act in record.acts)


def _written(terms: CharterLine | UebaTerms, *, defaults: bool = False) -> str:
    """On one line; words as they are written: lower case, and no list of one."""
    fields = terms.model_dump(mode="json", exclude_defaults=not defaults)
    plain = {name: _words(value) if isinstance(value, list) else value for name, value in fields.items()}
    return yaml.safe_dump(plain, width=10_000, default_flow_style=True, sort_keys=False).strip()


def _words(values: Iterable[str]) -> str | list[str]:
    words = [value.lower() if value in Action.__members__ else value for value in values]
    return words[0] if len(words) == 1 else words
