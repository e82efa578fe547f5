"""One act with all that the rules judge it by."""

import msgspec

from master_orchestrator.behaviour.actor import Actor, PairState
from master_orchestrator.behaviour.acts import CHARTERED, Act, weight
from master_orchestrator.behaviour.panes import HOUR_WINDOW
from master_orchestrator.behaviour.precedents import NOTHING, Before

READ = "read"

ROWS_ALWAYS_FINE = 20
ROWS_FACTOR = 4

RARE = 0.02
"""Odds below which a circumstance is a surprise."""

RARELY_ALONE = 0.1
"""Share of a pair's acts that nothing else preceded, above which following other work explains nothing."""

USUALLY = 0.5
"""Share of a pair's acts that others take up, from which on it says something when they do not."""

SHARE_KEPT = 1 / 3
"""Of the actor's other acts that usually come with an act of the pair, that have to come for it to go with them."""

ROWS_KEPT = 1.5
"""How many times the usual rows per act are as usual."""


class Case(msgspec.Struct, frozen=True):
    """An act of ``actor``; ``state`` is what is known of its action and resource.

    Args:
        criticality: of the resource, 1 to 10.
        leaves: whether the act leaves the house and cannot be taken back.
        before: of an act that no command is known for, what was done for its entity before; None where there is a
            command, or no entity.
        learning: whether the act is learnt and not judged.
        per_hour: how often within an hour the charter in force allows the act; None where it does not say.
        all_seen: whether the acts of all actors are judged together, as in a recording.
    """

    actor: Actor
    state: PairState
    act: Act
    criticality: int
    leaves: bool
    before: Before | None
    learning: bool
    per_hour: int | None = None
    all_seen: bool = False

    @property
    def stake(self) -> int:
        """How much the act matters: the weight of its action times the criticality of its resource."""
        return weight(self.act.action) * self.criticality

    @property
    def most_of_a_rate(self) -> int:
        """The severity above which being fast alone never rises: who is fast at uncritical work does not attack."""
        return 24 + 15 * self.stake

    @property
    def most_rows(self) -> int:
        """The rows that one act of the pair may touch."""
        return max(ROWS_ALWAYS_FINE, ROWS_FACTOR * self.state.greatest_rows)

    @property
    def declared(self) -> bool:
        """Whether an operator has declared work of the actor for this time."""
        return self.act.at_ms < self.actor.window_until_ms

    @property
    def within_an_hour(self) -> int:
        """How many acts of its pair no command explains within the hour."""
        panes = self.state.rate.panes
        return panes.total_at(panes.pane, HOUR_WINDOW)

    @property
    def allowed_this_often(self) -> bool:
        """Whether it is a reading, and no more of them within this hour than the charter says.

        Reading that often is somebody's work, as an auditor's. How much each reads is judged all the same, and what
        changes something is: its charter's number is the most, and not what is usual.
        """
        return self.per_hour is not None and self.act.action == READ and self.within_an_hour <= self.per_hour

    @property
    def follows_work(self) -> bool:
        """Whether the act follows other work for its entity as acts of its pair do; it names no command."""
        if self.before is None or self.before is NOTHING or not self._can_follow:
            return False
        usual = self.state.precedents
        return (usual.times(self.before) + 1) / (usual.acts + 2) >= RARE

    @property
    def _can_follow(self) -> bool:
        """Whether acts of the pair usually follow other work."""
        return self.before is not None and self.state.precedents.alone <= RARELY_ALONE

    @property
    def may_go_with_work(self) -> bool:
        """Whether the act names no command and all others are seen that it may go with."""
        return self.all_seen and self.act.command is None and self.act.kind in CHARTERED

    def goes_with_work(self, window: int) -> bool:
        """Whether other acts have risen with those of the pair, as when many vehicles come at once.

        The actor's own, or those of others that take up what it began. For acts without a command that cannot follow
        other work: those about no entity, and those with which work begins. Who scrapes raises one pair alone, or the
        rows of each act.
        """
        if not self.may_go_with_work or (self._can_follow and not self.declared):
            return False
        state, pane = self.state, self.state.came.pane
        mine, rows = state.came.total_at(pane, window), state.came_rows.total_at(pane, window)
        usual, usual_rows = state.rate.greatest(self.act.at_ms), state.volume.greatest(self.act.at_ms)
        as_long = rows * usual <= ROWS_KEPT * usual_rows * mine
        return as_long and (self._rises_with_others(mine, window) or self._is_taken_up(mine, window))

    def _rises_with_others(self, mine: int, window: int) -> bool:
        others = [pair for pair in self.actor.pairs.values() if pair is not self.state]
        usual = SHARE_KEPT * mine * sum(pair.seen for pair in others) / max(1, self.state.seen)
        return 0 < usual <= sum(pair.came.total_at(self.state.came.pane, window) for pair in others)

    def _is_taken_up(self, mine: int, window: int) -> bool:
        state = self.state
        usual = state.taken_up_in_all / max(1, state.seen)
        return usual >= USUALLY and SHARE_KEPT * mine * usual <= state.taken_up.total_at(state.came.pane, window)

    @property
    def task(self) -> str | None:
        """What the act is part of: its command, or where none are known, the work for its entity."""
        return self.act.entity if self.follows_work else self.act.command
