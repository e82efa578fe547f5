"""What an owner's answer leads to, at each priority: the tables that ``docs/conversation.md`` is compared with."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from master_orchestrator_schemas.vocabulary import Answer, Priority


class Lead(StrEnum):
    """What an answer leads to."""

    BOOK = "SCHEDULING makes the appointment"
    CONTACT = "the next contact, at once"
    END = "the workflow ends"
    CALL = "the workflow ends, and a human is called"
    RATE = "the rating is recorded; a bad one calls a human"


ByPriority = Mapping[Priority, Lead]


def _always(lead: Lead) -> ByPriority:
    return MappingProxyType(dict.fromkeys(Priority, lead))


def _urgent_and_high(lead: Lead, otherwise: Lead) -> ByPriority:
    return MappingProxyType({p: lead if p <= Priority.HIGH else otherwise for p in Priority})


NOT_WON = _urgent_and_high(Lead.CALL, Lead.END)

ANSWERS: Mapping[Answer, ByPriority] = MappingProxyType(
    {
        Answer.ACCEPT: _always(Lead.BOOK),
        Answer.RESCHEDULE: _always(Lead.BOOK),
        Answer.DECLINE: NOT_WON,
        Answer.NEED_INFO: _always(Lead.CONTACT),
        Answer.WRONG_PERSON: _always(Lead.CONTACT),
        Answer.OPT_OUT: _urgent_and_high(Lead.CONTACT, Lead.END),
        Answer.NO_ANSWER: _always(Lead.CONTACT),
        Answer.RATED: _always(Lead.RATE),
    }
)
"""Of an owner's answer that comes as an input."""

OUTCOMES: Mapping[Answer, ByPriority] = MappingProxyType(
    {
        **dict.fromkeys(Answer, NOT_WON),
        Answer.ACCEPT: _always(Lead.BOOK),
        Answer.RESCHEDULE: _always(Lead.BOOK),
    }
)
"""Of the outcome that CUSTOMER_ENGAGEMENT replies with: it has done what it could, so there is no next contact."""
