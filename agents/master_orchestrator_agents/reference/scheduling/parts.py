"""Parts: on hand, reserved, ordered and due. Each function runs inside the caller's transaction.

``on_hand`` counts what lies on the shelf, reserved or not. A booking reserves each part: of the shelf, or else of an
order that is on its way, or else of one made for it. Whatever it takes is ordered again, so the shelf stays filled.
What a job needed leaves the shelf when the job is over; what a cancelled one had reserved is free again.
"""

from collections.abc import Iterable
from typing import NamedTuple

from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_agents.reference.zoned import DAY_MS

UNKNOWN_LEAD_MS = 2 * DAY_MS
"""The supplier's lead time of a part that a workshop has never stocked."""


class Supply(NamedTuple):
    """Where one more part would come from: when it is there, and the order it comes with (None: the shelf).

    ``lead_ms``: the supplier's lead time; an order of its own is named None too, and is there after that time.
    """

    ready_ms: int
    order: str | None
    lead_ms: int


class Stock(NamedTuple):
    """One part at one workshop. ``due_ms``: when the next order arrives; None: nothing is ordered."""

    workshop_id: str
    part: str
    on_hand: int
    reserved: int
    ordered: int
    due_ms: int | None


def supply(sql: Sql, workshop_id: str, part: str, now_ms: int) -> Supply:
    """What the next booking would get."""
    where = (workshop_id, part)
    row = sql.execute(
        "SELECT on_hand, lead_ms, (SELECT COUNT(*) FROM reserved_parts r WHERE r.workshop_id = p.workshop_id "
        "AND r.part = p.part AND r.ordered_for IS NULL) FROM parts p WHERE workshop_id = ? AND part = ?",
        where,
    ).fetchone()
    on_hand, lead_ms, reserved = row or (0, UNKNOWN_LEAD_MS, 0)
    if on_hand > reserved:
        return Supply(now_ms, None, lead_ms)
    coming = sql.execute(
        "SELECT arrives_ms, appointment_id FROM part_orders o WHERE workshop_id = ? AND part = ? AND NOT EXISTS "
        "(SELECT 1 FROM reserved_parts r WHERE r.part = o.part AND r.ordered_for = o.appointment_id) "
        "ORDER BY arrives_ms, appointment_id LIMIT 1",
        where,
    ).fetchone()
    own_ms = now_ms + lead_ms
    return Supply(coming[0], coming[1], lead_ms) if coming and coming[0] <= own_ms else Supply(own_ms, None, lead_ms)


class PartsNeed(NamedTuple):
    """Whom parts are reserved for, where, and until when they are needed (milliseconds since 1970 UTC)."""

    appointment_id: str
    workshop_id: str
    end_ms: int


def reserved_ready_ms(sql: Sql, appointment_id: str) -> int:
    """When the last part that an appointment has reserved arrives; 0: all lie on the shelf."""
    (arrives_ms,) = sql.execute(
        "SELECT MAX(o.arrives_ms) FROM reserved_parts r JOIN part_orders o "
        "ON o.appointment_id = r.ordered_for AND o.part = r.part WHERE r.appointment_id = ?",
        (appointment_id,),
    ).fetchone()
    return int(arrives_ms or 0)


def reserve(sql: Sql, booking: PartsNeed, parts: Iterable[str], now_ms: int) -> None:
    """Reserve each part for a booking, and order another one."""
    appointment_id, workshop_id, end_ms = booking
    for part in sorted(parts):
        source = supply(sql, workshop_id, part, now_ms)
        of_own_order = source.order is None and source.ready_ms > now_ms
        sql.execute(
            "INSERT INTO reserved_parts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (appointment_id, part, workshop_id, appointment_id if of_own_order else source.order, end_ms),
        )
        sql.execute(
            "INSERT INTO part_orders VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (appointment_id, workshop_id, part, now_ms + source.lead_ms),
        )


def release(sql: Sql, appointment_id: str) -> None:
    """An appointment has fallen through: what it had reserved is free."""
    sql.execute("DELETE FROM reserved_parts WHERE appointment_id = ?", (appointment_id,))


def settle(sql: Sql, now_ms: int) -> None:
    """Orders that have arrived go onto the shelf, parts of jobs that are over leave it."""
    arrived = sql.execute(
        "SELECT appointment_id, workshop_id, part FROM part_orders WHERE arrives_ms <= ?", (now_ms,)
    ).fetchall()
    for order, workshop_id, part in arrived:
        sql.execute(
            "INSERT INTO parts VALUES (?, ?, 1, ?) ON CONFLICT (workshop_id, part) "
            "DO UPDATE SET on_hand = parts.on_hand + 1",
            (workshop_id, part, UNKNOWN_LEAD_MS),
        )
        sql.execute("UPDATE reserved_parts SET ordered_for = NULL WHERE ordered_for = ? AND part = ?", (order, part))
        sql.execute("DELETE FROM part_orders WHERE appointment_id = ? AND part = ?", (order, part))
    used = sql.execute(
        "SELECT appointment_id, workshop_id, part FROM reserved_parts WHERE needed_until_ms <= ? "
        "AND ordered_for IS NULL",
        (now_ms,),
    ).fetchall()
    for appointment_id, workshop_id, part in used:
        sql.execute(
            "UPDATE parts SET on_hand = on_hand - 1 WHERE workshop_id = ? AND part = ? AND on_hand > 0",
            (workshop_id, part),
        )
        sql.execute("DELETE FROM reserved_parts WHERE appointment_id = ? AND part = ?", (appointment_id, part))


def stock(sql: Sql) -> list[Stock]:
    """All parts of which any are reserved or ordered, by workshop and name."""
    rows = sql.execute(
        "SELECT p.workshop_id, p.part, COALESCE(s.on_hand, 0), SUM(p.reserved), SUM(p.ordered), MIN(p.arrives_ms) "
        "FROM (SELECT workshop_id, part, 1 AS reserved, 0 AS ordered, NULL AS arrives_ms FROM reserved_parts UNION ALL "
        "SELECT workshop_id, part, 0, 1, arrives_ms FROM part_orders) p "
        "LEFT JOIN parts s ON s.workshop_id = p.workshop_id AND s.part = p.part "
        "GROUP BY p.workshop_id, p.part, s.on_hand ORDER BY p.workshop_id, p.part"
    ).fetchall()
    return [
        Stock(workshop, part, on_hand, int(held), int(due), due_ms)
        for workshop, part, on_hand, held, due, due_ms in rows
    ]
