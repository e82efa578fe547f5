"""DBOS's application: workflows run in the process that asks for them. Run as ``load.py`` says, in the peers' venv.

The database's URL is in ``DATABASE_URL``. The event: the fourth step tells the workflow's id to a thread that stands
for the world, which sends it.
"""

import asyncio
import os
import queue
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from bench_suite.workflow_peers.programs.drive import drive, options
from dbos import DBOS, SetWorkflowID  # type: ignore[import-not-found,unused-ignore]  # not in the product's venv

RESULT = [1, 2, 3, 4, "done", 5, 6]
EVENT_S = 120

told: "queue.SimpleQueue[str | None]" = queue.SimpleQueue()


@DBOS.step()  # type: ignore[untyped-decorator,unused-ignore]  # as above
def step(number: int) -> int:
    return number


@DBOS.step()  # type: ignore[untyped-decorator,unused-ignore]  # as above
def tell(workflow_id: str) -> int:
    told.put(workflow_id)
    return 4


@DBOS.workflow()  # type: ignore[untyped-decorator,unused-ignore]  # as above
def workflow() -> list[int | str]:
    before = [step(1), step(2), step(3), tell(DBOS.workflow_id)]
    return [*before, DBOS.recv(timeout_seconds=EVENT_S), step(5), step(6)]


def world() -> None:
    while workflow_id := told.get():
        DBOS.send(workflow_id, "done")


def run(workflow_id: str) -> bool:
    with SetWorkflowID(workflow_id):
        return bool(workflow() == RESULT)


async def main() -> None:
    arguments = options().parse_args()
    name = uuid.uuid4().hex
    DBOS(config={"name": "bench", "system_database_url": os.environ["DATABASE_URL"],
                 "executor_id": name, "application_version": "1", "log_level": "ERROR"})  # fmt: skip
    DBOS.launch()
    sender = threading.Thread(target=world, daemon=True)
    sender.start()
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(arguments.in_flight or 64) as threads:
        await drive(lambda number: loop.run_in_executor(threads, run, f"{name}-{number}"), arguments)
    told.put(None)
    sender.join()
    DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main())
