"""Temporal's worker (``work ADDRESS``) and load generator (``load ADDRESS [OPTIONS]``), in the peers' venv."""

import asyncio
import sys
import uuid
from datetime import timedelta

from temporalio import activity, workflow  # type: ignore[import-not-found,unused-ignore]  # not in the product's venv
from temporalio.client import Client  # type: ignore[import-not-found,unused-ignore]  # as above
from temporalio.worker import Worker  # type: ignore[import-not-found,unused-ignore]  # as above

with workflow.unsafe.imports_passed_through():
    from bench_suite.workflow_peers.programs.drive import drive, options

QUEUE = "bench"
RESULT = [1, 2, 3, 4, "done", 5, 6]
STEP_S = timedelta(seconds=60)


class Steps:
    """Six of them; the fourth tells the world, which sends the event in its own time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sending: set[asyncio.Task[None]] = set()

    @activity.defn  # type: ignore[untyped-decorator,unused-ignore]  # as above
    async def step(self, number: int) -> int:
        if number == 4:
            sending = asyncio.create_task(self._send(activity.info().workflow_id))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        return number

    async def _send(self, workflow_id: str) -> None:
        await self._client.get_workflow_handle(workflow_id).signal("event", "done")


@workflow.defn  # type: ignore[untyped-decorator,unused-ignore]  # as above
class Flow:
    def __init__(self) -> None:
        self._event: str | None = None

    @workflow.signal  # type: ignore[untyped-decorator,unused-ignore]  # as above
    def event(self, name: str) -> None:
        self._event = name

    @workflow.run  # type: ignore[untyped-decorator,unused-ignore]  # as above
    async def run(self) -> list[int | str | None]:
        before = [await self._step(number) for number in (1, 2, 3, 4)]
        await workflow.wait_condition(lambda: self._event is not None)
        return [*before, self._event, *[await self._step(number) for number in (5, 6)]]

    async def _step(self, number: int) -> int:
        done: int = await workflow.execute_activity(Steps.step, number, start_to_close_timeout=STEP_S)
        return done


async def work(address: str) -> None:
    client = await Client.connect(address)
    async with Worker(client, task_queue=QUEUE, workflows=[Flow], activities=[Steps(client).step]):
        print("working", flush=True)
        await asyncio.Event().wait()


async def load(address: str, words: list[str]) -> None:
    client, name = await Client.connect(address), uuid.uuid4().hex

    async def run(number: int) -> bool:
        result = await client.execute_workflow(Flow.run, id=f"{name}-{number}", task_queue=QUEUE)
        return bool(result == RESULT)

    await drive(run, options().parse_args(words))


if __name__ == "__main__":
    what, at, *rest = sys.argv[1:]
    asyncio.run(work(at) if what == "work" else load(at, rest))
