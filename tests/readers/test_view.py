"""The view of all workflows and those who watch it."""

import weakref

from master_orchestrator.readers.view import WorkflowsView


def test_a_wait_that_was_given_up_is_forgotten_with_the_next() -> None:
    view = WorkflowsView()
    given_up = view.watch("car-1~0", lambda _: True)
    left = weakref.ref(given_up)
    given_up.cancel()
    del given_up
    view.watch("car-1~0", lambda _: True)
    assert left() is None
