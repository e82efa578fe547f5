"""The thread that starts the members, starts them again when they die, and writes down every death."""

import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from chaos_suite.journal import Journal, now_ms
from chaos_suite.members import Death, Member
from master_orchestrator.errors import OrchestratorError

log = structlog.stdlib.get_logger(__name__)

LOOK_S = 0.05


class Supervision:
    """Watches over ``members``. It is their parent: they die when its thread does."""

    def __init__(self, members: Sequence[Member], journal: Path) -> None:
        self.deaths_not_injected = 0
        self._members = members
        self._journal = Journal(journal)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervision", daemon=True)

    def start(self) -> None:
        """Look after the members from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look after them no more: those that still run die."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._journal.close()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_S):
            for member in self._members:
                self._look_after(member)

    def _look_after(self, member: Member) -> None:
        try:
            death = member.look()
        except (OrchestratorError, OSError) as error:  # its folder is still locked by the dying one: the next look
            log.warning("member_not_started", member=member.name, error=str(error))
            return
        if death is not None:
            self._note(death)

    def _note(self, death: Death) -> None:
        self.deaths_not_injected += not death.injected
        self._journal.write(
            {
                "at_ms": now_ms(), "member": death.member, "exit_code": death.exit_code,
                "injected": death.injected, "last_words": death.last_words,
            }
        )  # fmt: skip
