"""Numbers in sentences."""


def amount(number: int, noun: str) -> str:
    """``1 session``, ``2,000 sessions``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
