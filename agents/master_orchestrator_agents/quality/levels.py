"""How suppliers, plants and models compare over all months: what is always so is not news of a lot."""

from collections.abc import Callable, Mapping, Sequence

from master_orchestrator_agents.quality.records import Batch, LotKey

MIN_LEVEL_LOTS = 5
"""With fewer lots, a level would be those of the lots that are judged."""
LEVEL_WEIGHT = 25.0
"""Claims that the assumption of no difference is worth."""
TURNS = 3
ATTRIBUTES: tuple[Callable[[Batch], str], ...] = (
    lambda batch: batch.supplier,
    lambda batch: batch.plant,
    lambda batch: batch.model,
)


def levels(
    lots: Mapping[LotKey, Batch], claims: Mapping[LotKey, float], expected: Mapping[LotKey, float]
) -> dict[LotKey, float]:
    """Claims over expected by supplier, times that by plant, times that by model, for the lots given.

    ``expected`` is that of all lots alike. Lots of rare suppliers, plants and models have level 1 for these.
    """
    level = dict.fromkeys(lots, 1.0)
    for _ in range(TURNS):
        for attribute in ATTRIBUTES:
            members: dict[str, list[LotKey]] = {}
            for key, batch in lots.items():
                members.setdefault(attribute(batch), []).append(key)
            if len(members) < 2:
                continue
            for keys in members.values():
                _scale(keys, level, claims, expected)
    return level


def _scale(
    keys: Sequence[LotKey],
    level: dict[LotKey, float],
    claims: Mapping[LotKey, float],
    expected: Mapping[LotKey, float],
) -> None:
    judged = [key for key in keys if key in expected]
    if len(judged) < MIN_LEVEL_LOTS:
        return
    counted = sum(claims[key] for key in judged) + LEVEL_WEIGHT
    factor = counted / (sum(expected[key] * level[key] for key in judged) + LEVEL_WEIGHT)
    for key in keys:
        level[key] *= factor
