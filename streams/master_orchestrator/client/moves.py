"""Tells the engine of the nightly plan's moves, and takes back what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from master_orchestrator.client.asking import NoAnswer, ask_all
from master_orchestrator_agents.reference.scheduling.told import note_told, take_back, untold_moves

if TYPE_CHECKING:
    from master_orchestrator_agents.reference.sql import AgentDatabase
    from master_orchestrator_schemas.kafka import KafkaSettings
    from master_orchestrator_schemas.topology import Topology

MOVES_PER_S = 100.0
"""How fast the engine is told of moves."""


def tell_moves(
    kafka: KafkaSettings, topology: Topology, books: AgentDatabase, now_ms: int, timeout: float
) -> list[str]:
    """Tell the engine of the moves that it has not answered yet; one line for each that it does not accept now.

    What it does not answer within ``timeout`` seconds is told again the next time. What it refuses is taken back in the
    books; the engine is told of an appointment that has lost its place by that.
    """
    with books.read() as sql:
        events = untold_moves(sql, now_ms)
    if not events:
        return []
    answers = list(ask_all(kafka, topology, events, per_second=MOVES_PER_S, timeout=timeout))
    refused = [event for event, why in answers if why is not None and not isinstance(why, NoAnswer)]
    with books.write() as sql:
        note_told(sql, (event for event, why in answers if why is None))
        given_up = take_back(sql, refused, now_ms)
    if given_up:
        list(ask_all(kafka, topology, given_up, per_second=MOVES_PER_S, timeout=timeout))
    return [f"{event.workflow_id}: {why}" for event, why in answers if why is not None]
