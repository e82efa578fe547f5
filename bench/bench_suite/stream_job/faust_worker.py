"""The job on stock Faust, as its documentation writes it: an agent, a table, an awaited send."""

import os
import sys

import faust
import uvloop
from bench_suite.stream_job.job import INPUT, OUTPUT, PARTITIONS, output, pack_count, unpack_count

app = faust.App(
    "stream-faust",
    broker=f"kafka://{os.environ['KAFKA_BOOTSTRAP_SERVERS']}",
    store="rocksdb://",
    datadir=sys.argv[1],
    topic_partitions=PARTITIONS,
    key_serializer="raw",
    value_serializer="raw",
    web_enabled=False,
)
inputs = app.topic(INPUT, key_type=bytes, value_type=bytes)
outputs = app.topic(OUTPUT, key_type=bytes, value_type=bytes)
counts = app.Table("counts", key_type=bytes, value_type=bytes, partitions=PARTITIONS)


@app.agent(inputs)
async def count(stream: faust.StreamT[bytes]) -> None:
    """Count and answer."""
    async for key, value in stream.items():
        number = unpack_count(counts.get(key)) + 1
        counts[key] = pack_count(number)
        await outputs.send(key=key, value=output(number, value))


if __name__ == "__main__":
    faust.Worker(app, loglevel="WARNING", loop=uvloop.new_event_loop()).execute_from_commandline()
