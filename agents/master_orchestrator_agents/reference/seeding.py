"""Randomness that depends on nothing but its seed and what it is about."""

import random


def seeded(seed: int, *about: object) -> random.Random:
    """A generator of its own for ``about``: the same on every machine, in every process, in any order of calls."""
    return random.Random("/".join(map(str, (seed, *about))))  # noqa: S311  a simulation keeps no secrets
