"""What the exit codes of all commands mean. Each means one thing; ``docs/operations.md`` shows the table."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """One code, and what it means."""

    says: str

    def __new__(cls, value: int, says: str) -> Self:
        """``says``: what the table in the documents says."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.says = says
        return code

    DONE = 0, "It did what was asked, or was told to stop and did."
    NO = 1, "It did its work, and the answer is no: nothing found, something rejected, a violation."
    MISTAKE = 2, "The call is wrong: its arguments, a setting, the topology, or what must be there first. Nothing ran."
    INCONCLUSIVE = 3, "It found nothing wrong, but could not look at everything."
    UNAVAILABLE = 69, "Kafka or the engine does not answer, or refuses. The same call may work later."
    DIED = 70, "It failed inside, or a record it relies on is damaged: see the error. A supervisor starts it again."
    INTERRUPTED = 130, "Ctrl-C."
