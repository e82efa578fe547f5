"""One act with all that the rules judge it by."""

import msgspec

from master_orchestrator.behaviour.actor import Actor, PairState
from master_orchestrator.behaviour.acts import CHARTERED, Act, weight
from master_orchestrator.behaviour.panes import HOUR_WINDOW
from master_orchestrator.behaviour.precedents import NEVER

READ = "read"

RARE = 0.02
"""Odds below which a circumstance is a surprise."""

RARELY_ALONE = 0.1
"""Share of a pair's acts that nothing else preceded, above which following other work explains nothing."""

SHARE_KEPT = 0.5
"""Of the actor's other acts that usually come with an act of the pair, that have to come for it to go with them."""

ROWS_KEPT = 1.5
"""How many times the usual rows per act are as usual."""


class Case(msgspec.Struct, frozen=True):
    """An act of ``actor``; ``state`` is what is known of its action and resource.

    Args:
        criticality: of the resource, 1 to 10.
        leaves: whether the act leaves the house and cannot be taken back.
        lag: where the source names no commands, how long before something else was done for the entity (see
            ``Precedents.lag``); None where commands are known, or there is no entity.
        learning: whether the act is learnt and not judged.
        per_hour: how often within an hour the charter in force allows the act; None where it does not say.
    """

    actor: Actor
    state: PairState
    act: Act
    criticality: int
    leaves: bool
    lag: int | None
    learning: bool
    per_hour: int | None = None

    @property
    def stake(self) -> int:
        """How much the act matters: the weight of its action times the criticality of its resource."""
        return weight(self.act.action) * self.criticality

    @property
    def declared(self) -> bool:
        """Whether an operator has declared work of the actor for this time."""
        return self.act.at_ms < self.actor.window_until_ms

    @property
    def within_an_hour(self) -> int:
        """How many acts of its pair no command explains within the hour; less the earlier panes that alerted."""
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
        """Whether the act follows other work for its entity as acts of its pair do; no commands are known."""
        if self.lag is None or self.state.lag_odds(NEVER) > RARELY_ALONE:
            return False
        return self.state.lag_odds(self.lag) >= RARE

    def goes_with_work(self, window: int) -> bool:
        """Whether the actor's other acts have risen with those of the pair, as when many vehicles come at once.

        For acts that cannot follow other work, where no commands are known: those about no entity, and those with
        which work begins. Who scrapes raises one pair alone, or the rows of each act.
        """
        follows = self.lag is not None and self.state.lag_odds(NEVER) <= RARELY_ALONE
        if self.act.commands_known or self.act.kind not in CHARTERED or follows:
            return False
        rate, volume = self.state.rate, self.state.volume
        others = [pair for pair in self.actor.pairs.values() if pair is not self.state]
        mine = rate.panes.total_at(rate.panes.pane, window)
        usual = SHARE_KEPT * mine * sum(pair.seen for pair in others) / max(1, self.state.seen)
        came = sum(pair.rate.panes.total_at(rate.panes.pane, window) for pair in others)
        rows, usual_rows = volume.panes.total_at(rate.panes.pane, window), volume.greatest(self.act.at_ms)
        as_long = rows * rate.greatest(self.act.at_ms) <= ROWS_KEPT * usual_rows * mine
        return 0 < usual <= came and as_long

    @property
    def task(self) -> str | None:
        """What the act is part of: its command, or where none are known, the work for its entity."""
        return self.act.entity if self.follows_work else self.act.command
