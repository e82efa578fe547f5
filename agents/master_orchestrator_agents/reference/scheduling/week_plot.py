"""The plot of a week as SVG: bays and technicians over the hours of seven days."""

from collections.abc import Iterator
from html import escape
from zoneinfo import ZoneInfo

from master_orchestrator_agents.reference.scheduling.fits import ONE_DAY
from master_orchestrator_agents.reference.scheduling.opening import WorkDay
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.scheduling.week import WeekBlock, WorkshopWeek
from master_orchestrator_agents.reference.zoned import local_time
from master_orchestrator_schemas.vocabulary import AppointmentState, Priority

LEFT, TOP, ROW, GAP, FOOT = 150, 64, 20, 14, 40
"""Pixels: room for names, for the head, a row, the gap between bays and technicians, the legend."""
DAY, BETWEEN = 168, 6
COLOURS = {
    Priority.URGENT: "#c0392b",
    Priority.HIGH: "#e08a1e",
    Priority.SCHEDULED: "#2f6fae",
    Priority.ROUTINE: "#7aa6a1",
    None: "#8a8a8a",
}
CLOSED, ON_CALL, AT_WORK = "#e3e3e3", "#f3ead2", "#ffffff"


def week_svg(week: WorkshopWeek) -> str:
    """The drawing; each block has a tooltip with its vehicle, priority and times."""
    return "\n".join(_WeekPlot(week).parts())


class _WeekPlot:
    def __init__(self, week: WorkshopWeek) -> None:
        self._week = week
        self._zone = ZoneInfo(week.workshop.zone)
        hours = [self._hour(slot) for day in week.on_call for slot in (*day.slots[:1], *day.slots[-1:])]
        self._from_h, self._to_h = int(min(hours, default=8)), int(max(hours, default=17)) + 1
        self._rows = {
            name: TOP + number * ROW + (GAP if number >= len(week.workshop.bays) else 0)
            for number, name in enumerate((*week.workshop.bays, *week.workshop.technicians))
        }
        self._bottom = TOP + len(self._rows) * ROW + GAP
        self._width = LEFT + len(week.days) * (DAY + BETWEEN) + 10

    def parts(self) -> Iterator[str]:
        """The lines of the file."""
        height = self._bottom + FOOT
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width} {height}" width="{self._width}" '
            f'height="{height}" font-family="sans-serif" font-size="11" fill="#222">'
        )
        yield f'<rect width="{self._width}" height="{height}" fill="#fafafa"/>'
        title = f"{self._week.workshop.workshop_id}, week of {self._week.monday}"
        taken = f"{self._week.taken_h:g} of {self._week.supply_h:g} technician hours are taken"
        yield f'<text x="10" y="20" font-size="14"><tspan font-weight="bold">{escape(title)}</tspan>: {taken}</text>'
        for number in range(len(self._week.days)):
            yield from self._day(number)
        yield from self._names()
        for block in self._week.blocks:
            yield from self._block(block)
        yield from self._legend()
        yield "</svg>\n"

    def _hour(self, slot: int) -> float:
        at = local_time(slot * SLOT_MS, self._zone)
        return at.hour + at.minute / 60

    def _x(self, day: int, hour: float) -> float:
        return LEFT + day * (DAY + BETWEEN) + (hour - self._from_h) / (self._to_h - self._from_h) * DAY

    def _day(self, number: int) -> Iterator[str]:
        day = self._week.monday + number * ONE_DAY
        left = self._x(number, self._from_h)
        yield f'<text x="{left + DAY / 2:.1f}" y="{TOP - 20}" text-anchor="middle">{day:%a %d %b}</text>'
        for name, top in self._rows.items():
            yield f'<rect x="{left:.1f}" y="{top}" width="{DAY}" height="{ROW - 2}" fill="{CLOSED}"/>'
            yield from self._working(number, name, self._week.on_call[number], ON_CALL)
            yield from self._working(number, name, self._week.days[number], AT_WORK)
        for hour in range(-(-self._from_h // 3) * 3, self._to_h, 3):
            x = self._x(number, hour)
            yield f'<text x="{x:.1f}" y="{TOP - 6}" text-anchor="middle" font-size="9" fill="#666">{hour}</text>'

    def _working(self, number: int, name: str, day: WorkDay, colour: str) -> Iterator[str]:
        mask, first = day.of(name), None
        for bit, slot in enumerate((*day.slots, day.slots.stop)):
            works = bool(mask >> bit & 1) and slot in day.slots
            if works and first is None:
                first = slot
            if not works and first is not None:
                yield self._bar(number, name, range(first, slot), f'fill="{colour}"')
                first = None

    def _bar(self, number: int, name: str, slots: range, look: str, inside: str = "") -> str:
        x, end = self._x(number, self._hour(slots.start)), self._x(number, self._hour(slots[-1]) + 0.5)
        return (
            f'<rect x="{x:.1f}" y="{self._rows[name]}" width="{end - x:.1f}" height="{ROW - 2}" {look}>{inside}</rect>'
        )

    def _names(self) -> Iterator[str]:
        for name, top in self._rows.items():
            kind = self._week.workshop.bays.get(name)
            short = name.rsplit("/", 1)[-1]
            label = f"{short} ({kind})" if kind else short
            yield f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(label)}</text>'

    def _block(self, block: WeekBlock) -> Iterator[str]:
        start = local_time(block.slots.start * SLOT_MS, self._zone)
        end = local_time(block.slots.stop * SLOT_MS, self._zone)
        number = (start.date() - self._week.monday).days
        if not 0 <= number < len(self._week.days) or block.resource not in self._rows:
            return
        priority = block.priority.name if block.priority else "not noted"
        told = "" if block.agreed else ", not agreed"
        tip = f"{block.vehicle_id}: {priority}, {start:%H:%M}-{end:%H:%M}, {block.state}{told}"
        yield self._bar(number, block.resource, block.slots, _look(block), f"<title>{escape(tip)}</title>")

    def _legend(self) -> Iterator[str]:
        x, y = 10, self._bottom + 12
        entries = [(f'fill="{COLOURS[priority]}"', priority.name) for priority in Priority]
        entries += [
            (f'fill="{COLOURS[Priority.SCHEDULED]}" fill-opacity="0.45"', "not agreed, may be moved"),
            (f'fill="none" stroke="{COLOURS[None]}" stroke-dasharray="3 2"', "held"),
            (f'fill="{ON_CALL}" stroke="#bbb"', "on call"),
            (f'fill="{CLOSED}" stroke="#bbb"', "closed or off"),
        ]
        for look, text in entries:
            yield f'<rect x="{x}" y="{y}" width="14" height="12" {look}/>'
            yield f'<text x="{x + 19}" y="{y + 10}">{text}</text>'
            x += 40 + 6 * len(text)


def _look(block: WeekBlock) -> str:
    colour = COLOURS[block.priority]
    if block.state is AppointmentState.HELD:
        return f'fill="none" stroke="{colour}" stroke-dasharray="3 2"'
    return f'fill="{colour}" stroke="white" stroke-width="0.6"' + ("" if block.agreed else ' fill-opacity="0.45"')
