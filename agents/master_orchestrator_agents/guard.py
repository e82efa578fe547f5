"""The guard of acts: what a handler says it is about to do is checked against the charter, then done, then on record.

``task.access`` asks for one act. It is checked before it begins, in this order: resource, line, scope, rows, per
command, control. An act that does not pass is not done: :class:`CharterError`, or :class:`ControlledError` where a
control stops it for now.
"""

import asyncio
import functools
import inspect
import operator
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from master_orchestrator_agents.charter import Attempt, Charter, Permit
from master_orchestrator_agents.errors import (
    CharterError,
    ControlledError,
    InvalidResultError,
    InvalidTaskError,
    RetryableError,
)
from master_orchestrator_agents.recording import ActKind, ActLog, Occasion, session_act
from master_orchestrator_schemas.messages import Command, SessionAct
from master_orchestrator_schemas.vocabulary import ActError, Action, ActOutcome, DeniedBy, Priority

P = ParamSpec("P")
T = TypeVar("T")

SAFETY = "safety"
"""Why a control does not stop an act: its line says ``safety: true``, and the command is about safety."""

_CLASSES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], ActError], ...] = (
    (TimeoutError, ActError.TIMEOUT),
    (PermissionError, ActError.DENIED),
    (ConnectionError, ActError.UNAVAILABLE),
    (LookupError, ActError.NOT_FOUND),
    (CharterError, ActError.DENIED),
    (RetryableError, ActError.UNAVAILABLE),
    ((InvalidTaskError, InvalidResultError), ActError.INVALID),
)


def error_class(error: BaseException) -> ActError:
    """The class of a failure by its type. Only NOT_FOUND and DENIED say something of the actor."""
    return next((kind for types, kind in _CLASSES if isinstance(error, types)), ActError.OTHER)


class Controls(Protocol):
    """What an actor is held to for now."""

    def refused_for_s(self, action: Action, resource: str) -> float | None:
        """None: the act may begin. Else the seconds after which it may be tried again."""


WriteAhead = Callable[[Occasion, SessionAct], None]
"""Puts an act on record before it begins: returns when the record is durable, or raises :class:`RetryableError`."""


MAX_PERMITS = 4_096
"""Pairs whose permits are kept; what a handler asks for may have any name."""

_ACTIONS = {spelling: action for action in Action for spelling in (action.value, action.value.lower())}


class Guard:
    """What guards the acts of an actor: its charter, and what it is held to.

    Args:
        charter: None: nothing is refused, and all is recorded.
        controls: None: there are none.
        ahead: None: nothing is written ahead.
    """

    def __init__(
        self, charter: Charter | None = None, *, controls: Controls | None = None, ahead: WriteAhead | None = None
    ) -> None:
        self.charter, self.controls, self.ahead = charter, controls, ahead
        self._permits: dict[tuple[str, str], Permit] = {}

    def permit(self, action: str, resource: str) -> Permit:
        """What is to be checked of this action on this resource. Raises ``ValueError`` for what is not an action."""
        known = self._permits.get((action, resource))
        if known is None:
            known = self._permit(action, resource)
            if len(self._permits) < MAX_PERMITS:
                self._permits[action, resource] = known
        return known

    def _permit(self, action: str, resource: str) -> Permit:
        if action not in _ACTIONS:
            raise ValueError(f"{action!r} is not an action; write one of {', '.join(each.lower() for each in Action)}")
        if not isinstance(resource, str):
            raise TypeError(f"the resource is {resource!r}: write its name")
        if self.charter is None:
            return Permit(_ACTIONS[action], resource, None, known=True, ahead=False)
        return self.charter.permit(_ACTIONS[action], resource)


UNGUARDED = Guard()


def whole(rows: Any) -> int | None:
    """The number of rows as an ``int``, whatever integer it is. Raises ``TypeError``."""
    try:
        return None if rows is None else operator.index(rows)
    except TypeError as error:
        raise TypeError(f"rows is {rows!r}, not a whole number") from error


class Session:
    """The acts of one command, or of one request. Thread-safe.

    Args:
        guard: what it is checked against.
        occasion: the command or request.
        own: the vehicle of the command; None without one.
        safety: whether it is about safety: URGENT, or a vehicle that is not safe to drive.
    """

    def __init__(self, guard: Guard, occasion: Occasion, *, own: str | None = None, safety: bool = False) -> None:
        self.guard, self.occasion, self.own, self.safety = guard, occasion, own, safety
        self.acts = ActLog()
        self._attempts: dict[Permit, int] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, guard: Guard, command: Command) -> Self:
        """The session in which a command is handled."""
        return cls(
            guard,
            Occasion(command.command_id, command.workflow_id, command.vehicle_id, command.priority),
            own=command.vehicle_id,
            safety=command.priority is Priority.URGENT or command.payload.get("safe_to_drive") is False,
        )

    def access(self, action: str, resource: str, *, entity: str | None = None, rows: int | None = None) -> "Access":
        """One act, to be used with ``with`` or ``async with``.

        Raises ``ValueError`` for what is not an action, ``TypeError`` for what no record could hold.
        """
        if entity is not None and not isinstance(entity, str):
            raise TypeError(f"the entity of {action.lower()} of {resource} is {entity!r}: write its name as text")
        return Access(self, self.guard.permit(action, resource), entity, whole(rows))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Callable[[], "Session"], tuple[()]]:
        return _Elsewhere, ()

    def numbered(self, permit: Permit) -> int:
        """The number of the next attempt on an action and resource, from 1."""
        with self._lock:
            number = self._attempts.get(permit, 0) + 1
            self._attempts[permit] = number
            return number


class _Elsewhere(Session):
    """What a session is in another process: acts there would be neither checked nor on record."""

    def __init__(self) -> None:
        super().__init__(UNGUARDED, Occasion())

    def access(self, action: str, resource: str, *, entity: str | None = None, rows: int | None = None) -> "Access":
        """Raises :class:`CharterError`."""
        del entity, rows
        raise CharterError(f"{action.lower()} of {resource}: acts are guarded in the runner's own process; do it there")


_session: ContextVar[Session | None] = ContextVar("session", default=None)


@contextmanager
def in_hand(session: Session | None) -> Iterator[None]:
    """Within the block, guarded functions belong to this session."""
    token = _session.set(session)
    try:
        yield
    finally:
        _session.reset(token)


class Access:
    """One act. ``rows`` may be set within the block, where it is not known before."""

    __slots__ = ("_attempt", "_denied_by", "_entity", "_override", "_permit", "_session", "rows")

    def __init__(self, session: Session, permit: Permit, entity: str | None, rows: int | None) -> None:
        self._session, self._permit, self._entity, self.rows = session, permit, entity, rows
        self._denied_by: DeniedBy | None = None
        self._override: str | None = None
        self._attempt = Attempt()

    def __enter__(self) -> Self:
        self._check()
        if self._permit.ahead:
            self._write_ahead()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(error)

    async def __aenter__(self) -> Self:
        self._check()
        if self._permit.ahead:
            await asyncio.to_thread(self._write_ahead)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(error)

    def _check(self) -> None:
        session, permit, guard = self._session, self._permit, self._session.guard
        entity = session.own if self._entity is None else self._entity
        self._attempt = Attempt(entity, session.own, self.rows, session.numbered(permit))
        if guard.charter is not None:
            self._denied_by = permit.denied_by(self._attempt)
            if self._denied_by is not None and guard.charter.enforced:
                self._record(ActOutcome.DENIED, ActError.DENIED)
                raise CharterError(guard.charter.explain(self._denied_by, permit, self._attempt))
        if guard.controls is not None:
            self._check_control(guard.controls)

    def _check_control(self, controls: Controls) -> None:
        permit = self._permit
        wait_s = controls.refused_for_s(permit.action, permit.resource)
        if wait_s is None:
            return
        if permit.line is not None and permit.line.safety and self._session.safety:
            self._override = SAFETY
            return
        self._denied_by = DeniedBy.CONTROL
        self._record(ActOutcome.DENIED, ActError.DENIED)
        charter = self._session.guard.charter
        actor = "the agent" if charter is None else charter.actor
        raise ControlledError(
            f"{permit.action.lower()} of {permit.resource}: {actor} is held back for now. `master-orchestrator ueba "
            "explain` says why; somebody else may release it",
            wait_s,
        )

    def _write_ahead(self) -> None:
        session = self._session
        if session.guard.ahead is None:
            return
        try:
            session.guard.ahead(session.occasion, session_act(self._kind(ActOutcome.SUCCESS, ActError.NONE)))
        except RetryableError as error:
            self._end(error)
            raise

    def _end(self, error: BaseException | None) -> None:
        """Record how the act ended; rows that were not known before are checked now."""
        wrong: TypeError | None = None
        try:
            self.rows = whole(self.rows)
        except TypeError as told:  # it was done, so it goes on record
            self.rows, wrong = None, told
        if error is not None:
            self._record(ActOutcome.FAILURE, error_class(error))
            return
        charter, permit = self._session.guard.charter, self._permit
        attempt = self._attempt._replace(rows=self.rows) if self.rows != self._attempt.rows else None
        late = permit.denied_by(attempt) if charter and attempt and self._denied_by is None else None
        self._denied_by = late or self._denied_by
        self._record(ActOutcome.SUCCESS, ActError.NONE)
        if wrong is not None:
            raise wrong
        if charter and attempt and late and charter.enforced:
            raise CharterError(charter.explain(late, permit, attempt))

    def _record(self, outcome: ActOutcome, error: ActError) -> None:
        self._session.acts.add(self._kind(outcome, error), self.rows or 0)

    def _kind(self, outcome: ActOutcome, error: ActError) -> ActKind:
        named = None if self._entity == self._session.occasion.entity else self._entity
        return ActKind(
            self._permit.action, self._permit.resource, outcome, error, named, self._denied_by, self._override
        )


def guarded(
    action: str, resource: str, *, rows: Callable[[Any], int] | None = None, entity: str | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Guard a function or method, plain or async, as an act of the task in hand.

    Args:
        action, resource: the act.
        rows: how many rows the returned value is: ``rows=len``.
        entity: the name of the parameter that says whom it concerns; by default the task's vehicle.

    The task is found by a context variable, which threads of a handler's own and batch handlers do not have: there
    ``with task.in_hand():``. Without a task in hand it raises :class:`CharterError`, and the function is not called.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        def access(args: Any, kwargs: Any) -> Access:
            session = _session.get()
            if session is None:
                raise CharterError(
                    f"{function.__qualname__}: {action.lower()} of {resource} without a task in hand; "
                    "call it in a handler, or within task.in_hand()"
                )
            about = signature.bind(*args, **kwargs).arguments.get(entity) if entity else None
            return session.access(action, resource, entity=about)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def guarded_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                async with access(args, kwargs) as act:
                    returned = await function(*args, **kwargs)
                    act.rows = None if rows is None else rows(returned)
                    return returned

            return guarded_async  # type: ignore[return-value]  # T is the coroutine

        @functools.wraps(function)
        def guarded_plain(*args: P.args, **kwargs: P.kwargs) -> T:
            with access(args, kwargs) as act:
                returned = function(*args, **kwargs)
                act.rows = None if rows is None else rows(returned)
                return returned

        return guarded_plain

    return decorate
