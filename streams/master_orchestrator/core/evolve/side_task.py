"""Events of the side task, which the replaced workflow can have too."""

from typing import TypeVar

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.evolve.chains import executions, new_wait
from master_orchestrator.core.state import Chain, SideTask, Workflow

C = TypeVar("C", bound=Chain)


def side_task_started(workflow: Workflow, event: ev.SideTaskStarted) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.SideTaskStarted`."""
    wait = new_wait(workflow, "side", event.execution.deadline_ms)
    side = SideTask(event.execution, event.priority, event.payload, wait)
    return replace(workflow, side=side, executions=executions(workflow, event.execution))


def side_task_failed(chain: C, event: ev.SideTaskFailed) -> C:
    """Apply :class:`~master_orchestrator.core.events.SideTaskFailed`."""
    return replace(
        chain, side=replace(_side(chain), retrying=True, wait=new_wait(chain, "side-retry", event.retry_at_ms))
    )


def side_task_restarted(chain: C, event: ev.SideTaskRestarted) -> C:
    """Apply :class:`~master_orchestrator.core.events.SideTaskRestarted`."""
    execution = event.execution
    wait = new_wait(chain, "side", execution.deadline_ms)
    side = replace(_side(chain), retrying=False, execution=execution, wait=wait)
    if isinstance(chain, Workflow):
        return replace(chain, side=side, executions=executions(chain, execution))
    return replace(chain, side=side)


def side_task_ended(chain: C, _event: ev.SideTaskEnded) -> C:
    """Apply :class:`~master_orchestrator.core.events.SideTaskEnded`."""
    return replace(chain, side=None)


def _side(chain: Chain) -> SideTask:
    if chain.side is None:
        raise KeyError(chain.workflow_id)
    return chain.side
