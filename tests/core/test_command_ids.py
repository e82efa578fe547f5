"""A command's name and its text are each other's inverse; no other text is a name."""

from hypothesis import example, given
from hypothesis import strategies as st

from master_orchestrator.core.command_ids import command_id, parse_command_id

SMALL = st.text(alphabet="/0129a~\n\u0663", max_size=12)
"""Of what tells a name from another text: digits that are not ASCII's are none."""


@given(
    workflow_id=st.text(),
    step=st.text().filter(lambda step: "/" not in step),
    numbers=st.tuples(*[st.integers(0, 999_999_999)] * 2),
)
def test_what_is_made_is_read(workflow_id: str, step: str, numbers: tuple[int, int]) -> None:
    assert (step, *numbers) == parse_command_id(workflow_id, command_id(workflow_id, step, *numbers))


@given(workflow_id=SMALL, text=SMALL)
@example(workflow_id="v~0", text="v~0/STEP/00/0")
@example(workflow_id="v~0", text="v~0/STEP/0/1000000000")
@example(workflow_id="v~0", text="v~1/STEP/0/0")
@example(workflow_id="v~0", text="STEP/0/0")
@example(workflow_id="v~0", text="v~0/STEP/0/0\n")
def test_what_is_read_was_made(workflow_id: str, text: str) -> None:
    for command in (text, f"{workflow_id}/{text}"):
        name = parse_command_id(workflow_id, command)
        assert name is None or command == command_id(workflow_id, *name)


def test_numbers_have_nine_digits_at_most() -> None:
    assert parse_command_id("v~0", "v~0/STEP/0/1000000000") is None
