"""What the judge says of the agents' own books: clean ones, and each kind of wrong entry."""

from dataclasses import replace

import pytest
from chaos_checker.rules import bookkeeping
from chaos_checker.stores import AgentStores, AppointmentRow, Booking, Capa, ContactRow, RepairRow, SurveyRow
from chaos_checker.violation import RuleViolation

COMMANDS = {f"car~0/{step}/0/0": "car~0" for step in ("CUSTOMER_ENGAGEMENT", "SCHEDULING", "FEEDBACK", "QUALITY")}
ASKED, BOOKED, SURVEYED, COUNTED = COMMANDS
KIND = ("thermostat", "van", "2025-05")
HOUR = 3_600_000
APPOINTMENT = AppointmentRow("A-1", BOOKED, "car~0", "car", "bay-1", "tech-1", 0, HOUR, "CONFIRMED")
CLEAN = AgentStores(
    bookings=[Booking(BOOKED, "car~0", "A-1")],
    appointments=[APPOINTMENT, APPOINTMENT._replace(appointment_id="A-0", state="NO_SHOW")],
    contacts=[ContactRow(ASKED, 0, "car"), ContactRow(ASKED, 1, "car")],
    concluded=[(ASKED, "car~0")],
    surveys=[SurveyRow("car~0", SURVEYED, "car")],
    repairs=[RepairRow("car~0", COUNTED, "car", KIND)],
    capas=[Capa("CAPA-1", KIND)],
)


def judge(stores: AgentStores) -> list[RuleViolation]:
    return [
        *bookkeeping.once(stores),
        *bookkeeping.for_a_command(stores, COMMANDS),
        *bookkeeping.serviced_is_booked(stores, {"car~0": "A-1"}),
        *bookkeeping.answered_is_kept(stores, ["car~0"], ["car~0"]),
        *bookkeeping.no_double_booking(stores.appointments),
    ]


def test_books_in_order_are_clean() -> None:
    assert [] == judge(CLEAN)


OTHER = APPOINTMENT._replace(appointment_id="A-2", state="HELD", start_ms=HOUR - 1, end_ms=2 * HOUR)
WRONG = [
    ("book-once", replace(CLEAN, bookings=[*CLEAN.bookings, *CLEAN.bookings])),
    ("book-once", replace(CLEAN, contacts=[*CLEAN.contacts, CLEAN.contacts[1]])),
    ("book-once", replace(CLEAN, concluded=[*CLEAN.concluded, *CLEAN.concluded])),
    ("book-once", replace(CLEAN, surveys=[*CLEAN.surveys, *CLEAN.surveys])),
    ("book-once", replace(CLEAN, repairs=[*CLEAN.repairs, *CLEAN.repairs])),
    ("book-once", replace(CLEAN, capas=[*CLEAN.capas, Capa("CAPA-2", KIND)])),
    ("book-once", replace(CLEAN, appointments=[APPOINTMENT, APPOINTMENT._replace(appointment_id="A-2")])),
    ("book-command", replace(CLEAN, contacts=[ContactRow("car~0/CUSTOMER_ENGAGEMENT/7/0", 0, "car")])),
    ("book-command", replace(CLEAN, bookings=[*CLEAN.bookings, Booking(BOOKED, "car~1", "A-2")])),
    ("book-serviced", replace(CLEAN, bookings=[])),
    ("book-serviced", replace(CLEAN, appointments=[APPOINTMENT._replace(state="CANCELLED")])),
    ("book-answered", replace(CLEAN, surveys=[])),
    ("book-answered", replace(CLEAN, repairs=[])),
    ("book-double", replace(CLEAN, appointments=[APPOINTMENT, OTHER._replace(technician="tech-2")])),
    ("book-double", replace(CLEAN, appointments=[APPOINTMENT, OTHER._replace(bay="bay-2")])),
]


@pytest.mark.parametrize(("rule", "stores"), WRONG, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(WRONG)])
def test_a_wrong_entry_is_found(rule: str, stores: AgentStores) -> None:
    assert rule in {violation.rule for violation in judge(stores)}
