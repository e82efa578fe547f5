"""Which handlers fail, and how often: it follows from the workflow's and the command's id alone. Pure."""

from enum import StrEnum
from zlib import crc32

from master_orchestrator_schemas.vocabulary import AgentType


class AgentFate(StrEnum):
    """What happens to one agent of a workflow."""

    SMOOTH = "smooth"
    STUMBLES = "stumbles"
    """The first tries fail, and can be repeated."""
    EXHAUSTS = "exhausts"
    """Every try fails: the engine gives up."""
    REJECTS = "rejects"
    """The agent says that it will never work."""
    SLOW = "slow"
    """The first try ends after its deadline."""


RARE = 300
"""One workflow in N has an agent that EXHAUSTS; as many have one that REJECTS, or is SLOW."""
STUMBLING = 8
"""One workflow in N has an agent that stumbles."""
QUICK = (AgentType.DATA_ANALYSIS, AgentType.DIAGNOSIS, AgentType.SCHEDULING, AgentType.MANUFACTURING_QUALITY)
"""The agents whose deadline passes within a run."""


def fate_of(workflow_id: str, agent: AgentType) -> AgentFate:
    """The fate of an agent in a workflow."""
    drawn = _draw(RARE, workflow_id, "fate")
    rare = {0: AgentFate.EXHAUSTS, 1: AgentFate.REJECTS, 2: AgentFate.SLOW}.get(drawn)
    if rare is not None:
        unlucky = QUICK if rare is AgentFate.SLOW else tuple(AgentType)
        return rare if unlucky[_draw(len(unlucky), workflow_id, "where")] is agent else AgentFate.SMOOTH
    return AgentFate.STUMBLES if _draw(STUMBLING, workflow_id, agent) == 0 else AgentFate.SMOOTH


def failures_of(workflow_id: str, agent: AgentType) -> int:
    """How many tries fail of an agent that stumbles: 1 or 2."""
    return 1 + _draw(2, workflow_id, agent, "failures")


def way_of_failing(command_id: str, ways: int) -> int:
    """Which of ``ways`` ways a try fails."""
    return _draw(ways, command_id, "way")


def handling_s(command_id: str) -> float:
    """How long a try takes besides: 5 to 50 ms."""
    return 0.005 + _draw(46, command_id, "time") / 1000


def _draw(below: int, *about: str) -> int:
    return crc32("/".join(about).encode()) % below
