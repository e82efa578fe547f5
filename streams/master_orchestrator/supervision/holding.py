"""A process that is started before what it needs is there: it loads its program, and waits for the word to go on.

A worker takes as long to import as the broker to start. The word is a line on stdin; nothing is asked of Kafka before,
so that a held process finds what one finds that is started then.
"""

import os
import sys

HELD = "MASTER_ORCHESTRATOR_HELD"
"""The variable that tells a process to wait."""


def await_word() -> bool:
    """Return when this process may go on, at once if it is not held; False if the process that holds it is gone."""
    if os.environ.pop(HELD, None) is None:
        return True
    return bool(sys.stdin.readline())
