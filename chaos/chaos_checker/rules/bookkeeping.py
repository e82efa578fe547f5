"""The agents' own books: each entry once, for a command that exists; each serviced workflow with its booking."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise

from chaos_checker.stores import AgentStores, AppointmentRow
from chaos_checker.violation import RuleViolation, violations_of

CONFIRMED = "CONFIRMED"
HOLDING = frozenset({"HELD", CONFIRMED})


def once(stores: AgentStores) -> list[RuleViolation]:
    """No command has booked twice, no message, survey, repair or corrective action is there twice."""
    keyed: Mapping[str, Iterable[Hashable]] = {
        "booking": (booking.command_id for booking in stores.bookings),
        "appointment": (appointment.appointment_id for appointment in stores.appointments),
        "confirmed appointment of": (a.workflow_id for a in stores.appointments if a.state == CONFIRMED),
        "message": ((contact.command_id, contact.step) for contact in stores.contacts),
        "conversation": (command for command, _ in stores.concluded),
        "survey": (survey.workflow_id for survey in stores.surveys),
        "repair": (repair.workflow_id for repair in stores.repairs),
        "corrective action": (capa.capa_id for capa in stores.capas),
        "corrective action for": (capa.opened_for for capa in stores.capas),
    }
    violations = [
        (str(key), f"{kind} {key} is there {count} times")
        for kind, keys in keyed.items()
        for key, count in Counter(keys).items()
        if count > 1
    ]
    return violations_of("book-once", violations)


def for_a_command(stores: AgentStores, commands: Mapping[str, str]) -> list[RuleViolation]:
    """Each entry is of a command that was issued, and of that command's workflow. ``commands``: id -> workflow."""
    entries = [
        *(("booking", b.command_id, b.workflow_id) for b in stores.bookings),
        *(("appointment", a.command_id, a.workflow_id) for a in stores.appointments),
        *(("message", c.command_id, commands.get(c.command_id)) for c in stores.contacts),
        *(("conversation", command, workflow) for command, workflow in stores.concluded),
        *(("survey", s.command_id, s.workflow_id) for s in stores.surveys),
        *(("repair", r.command_id, r.workflow_id) for r in stores.repairs),
    ]
    violations = [
        (command, f"a {kind} of {workflow}, for a command that was not issued for it")
        for kind, command, workflow in entries
        if command not in commands or commands[command] != workflow
    ]
    return violations_of("book-command", violations)


def serviced_is_booked(stores: AgentStores, serviced: Mapping[str, str | None]) -> list[RuleViolation]:
    """A serviced workflow's appointment is in the book, and stands. ``serviced``: workflow -> appointment id."""
    confirmed = {a.appointment_id: a.workflow_id for a in stores.appointments if a.state == CONFIRMED}
    booked = {(booking.workflow_id, booking.appointment_id) for booking in stores.bookings}
    violations = []
    for workflow_id, appointment_id in serviced.items():
        if (workflow_id, appointment_id) not in booked:
            violations.append((workflow_id, f"was serviced, and no booking gave it the appointment {appointment_id}"))
        elif confirmed.get(appointment_id or "") != workflow_id:
            violations.append((workflow_id, f"was serviced with {appointment_id}, which is not confirmed in the book"))
    return violations_of("book-serviced", violations)


def answered_is_kept(stores: AgentStores, surveyed: Iterable[str], counted: Iterable[str]) -> list[RuleViolation]:
    """What an agent says it did is in its book: the survey of a workflow, the repair that it counted."""
    surveys = {survey.workflow_id for survey in stores.surveys}
    repairs = {repair.workflow_id for repair in stores.repairs}
    violations = [
        (workflow, "FEEDBACK has answered, and no survey is in its book") for workflow in set(surveyed) - surveys
    ]
    violations += [(workflow, "its repair was counted, and is not in the book") for workflow in set(counted) - repairs]
    return violations_of("book-answered", violations)


def no_double_booking(appointments: Sequence[AppointmentRow]) -> list[RuleViolation]:
    """No bay and no technician has two appointments at one time."""
    taken: dict[str, list[AppointmentRow]] = {}
    for appointment in appointments:
        if appointment.state in HOLDING:
            for resource in (f"bay {appointment.bay}", f"technician {appointment.technician}"):
                taken.setdefault(resource, []).append(appointment)
    violations = []
    for resource, of_it in taken.items():
        of_it.sort(key=lambda appointment: appointment.start_ms)
        violations += [
            (after.appointment_id, f"{resource} has {before.appointment_id} at the same time")
            for before, after in pairwise(of_it)
            if after.start_ms < before.end_ms
        ]
    return violations_of("book-double", violations)
