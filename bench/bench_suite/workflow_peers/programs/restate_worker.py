"""Restate's worker with the Python SDK, an ASGI application; the server's ingress is in ``INGRESS``."""

import asyncio
import os

import aiohttp
import restate  # type: ignore[import-not-found,unused-ignore]  # not in the product's venv

bench = restate.Service("bench")
telling: set["asyncio.Task[None]"] = set()
sessions: list[aiohttp.ClientSession] = []


async def resolve(event_id: str) -> None:
    if not sessions:
        sessions.append(aiohttp.ClientSession(os.environ["INGRESS"]))
    async with sessions[0].post(f"/restate/awakeables/{event_id}/resolve", json="done") as answer:
        answer.raise_for_status()


def tell(event_id: str) -> int:
    """The world answers in its own time."""
    task = asyncio.create_task(resolve(event_id))
    telling.add(task)
    task.add_done_callback(telling.discard)
    return 4


@bench.handler()  # type: ignore[untyped-decorator,unused-ignore]  # as above
async def workflow(context: restate.Context, _number: int) -> list[int | str]:
    async def step(number: int) -> int:
        return number

    async def fourth() -> int:
        return tell(event_id)

    done = [await context.run_typed(f"step {number}", step, number=number) for number in (1, 2, 3)]
    event_id, event = context.awakeable()
    done.append(await context.run_typed("step 4", fourth))
    done.append(await event)
    return [*done, *[await context.run_typed(f"step {number}", step, number=number) for number in (5, 6)]]


app = restate.app(services=[bench])
