"""The seam between the shell and what it runs.

The shell reads records, keeps states, and writes what comes of them, exactly once. A job says what that is: which app
and topics, what one record does to the state of its key, how a state is stored. All of it is pure, but for counting.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from master_orchestrator.core.outcome import Deadline
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.shell.feedback import SenderFault
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator_schemas.left_out import LeftOut
from master_orchestrator_schemas.messages import Cause, Timer
from master_orchestrator_schemas.topology.apps import AppNames

Get = Callable[[bytes], bytes | None]
"""Reads a stored value."""


class HasState(Protocol):
    """What one input leads to; the rest of it is the job's own."""

    state: Any
    rejection: Rejection | None


S = TypeVar("S")
K_contra = TypeVar("K_contra", contravariant=True)
I = TypeVar("I")  # noqa: E741  input
O = TypeVar("O", bound=HasState)  # noqa: E741  outcome


class Taken(NamedTuple, Generic[I]):
    """A record that may be applied: the key of its state, the input it is, what of it was not understood."""

    key: bytes
    input: I
    left_out: Sequence[LeftOut]


class Outgoing(NamedTuple):
    """What an outcome writes: the records of the transaction, and those sent from the outbox after the commit."""

    records: list[Record]
    commands: list[Record]


class Stored(NamedTuple):
    """A state as the table holds it. The entry of the state's own key begins with its earliest deadline."""

    entries: Mapping[bytes, bytes]
    deadlines: list[Deadline]


class StatesOverview(Protocol[K_contra]):
    """What metrics tell of all states: kept up by the commits, made of the table after a take-over."""

    def of(self, state: K_contra) -> Any:
        """What is kept of one state."""

    def reset(self, partitions: Mapping[int, Iterable[tuple[bytes, Any]]]) -> None:
        """Own just these partitions, of whose states this is kept."""

    def update(self, partition: int, states: Mapping[bytes, K_contra]) -> None:
        """The states after a commit."""


class Cadence(NamedTuple):
    """How soon an app takes what has arrived. A transaction costs much the same with one record as with a hundred."""

    gather_s: float
    """After a small batch, let records gather for at most this long …"""
    transactions: float
    """… and at most for this many times as long as the last transaction took: what is quick answers quickly."""
    fetch_wait_ms: int
    """A fetch waits this long for a record; until then no other partition of that broker is asked for."""

    def gathering_s(self, transaction_s: float) -> float:
        """How long to gather, after a small batch whose transaction took ``transaction_s``."""
        return min(self.gather_s, self.transactions * transaction_s)


class Job(ABC, Generic[S, I, O]):
    """What one app does. ``overview`` is asked when metrics are scraped."""

    names: AppNames
    cadence: Cadence
    overview: StatesOverview[S]
    mutates = False
    """Whether :meth:`step` changes the state it is given. Where it then raises, the batch is done again without it."""

    @abstractmethod
    def take(self, cause: Cause, record: Fetched) -> Taken[I]:
        """Read the record at ``cause``. Raises ``RejectedError``: it becomes a dead letter."""

    @abstractmethod
    def step(self, key: bytes, state: S | None, given: I) -> O:
        """What the input does to the state of ``key``; None: there is none yet."""

    def quiet(self, state: S, given: I) -> S | None:  # noqa: ARG002  the seam's
        """The state after an input of which nothing else comes, at less cost; None: it takes :meth:`step`."""
        return None

    def count_quiet(self, number: int) -> None:
        """Count the inputs that :meth:`quiet` answered."""

    @abstractmethod
    def outgoing(self, key: bytes, given: I, outcome: O, at_ms: int) -> Outgoing:
        """What the outcome of ``given`` writes, stamped with its time. Raises ``EncodeError``."""

    @abstractmethod
    def store(self, key: bytes, state: S) -> Stored:
        """The state as it is stored. Raises where it cannot be."""

    @abstractmethod
    def load(self, key: bytes, value: bytes, get: Get) -> S:
        """The inverse of :meth:`store`. ``value``: of the state's own key, without its earliest deadline."""

    @abstractmethod
    def deadlines(self, key: bytes, state: S) -> list[Deadline]:
        """What the state waits for."""

    @abstractmethod
    def tick(self, tick: Timer) -> Record:
        """The input record of a deadline that is due."""

    def committed(self, outcomes: Sequence[tuple[str, S | None, O]]) -> None:
        """A batch's outcomes are committed; they are given as they are counted. Called by any thread."""

    def summaries(
        self,
        partition: int,  # noqa: ARG002  the seam's
        by_rank: Mapping[int, Sequence[Fetched]],  # noqa: ARG002
        faults: Iterable[SenderFault],  # noqa: ARG002
    ) -> list[Record]:
        """What is sent behind a batch's commands: of its records, by topic rank, and of what was wrong with them."""
        return []

    def waits_for(self, tick: Timer) -> str | None:  # noqa: ARG002  the seam's
        """The input topic that has to be applied up to the tick's time before the tick is sent; None: it is not."""
        return None

    @abstractmethod
    def count(self, topic: str, before: S | None, outcome: O) -> None:
        """Count what an input of ``topic`` led to. Jobs whose step changes the state are given None for ``before``."""
