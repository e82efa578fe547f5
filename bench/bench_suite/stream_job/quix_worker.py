"""The job on Quix Streams, with its defaults; runs in the bench's own virtual environment."""

import os
import sys
from typing import Any

from bench_suite.stream_job.job import INPUT, OUTPUT, output
from quixstreams import Application  # type: ignore[import-not-found,unused-ignore]  # not in the product's venv


def count(value: bytes, state: Any) -> bytes:
    """Count and answer."""
    number = state.get("count", 0) + 1
    state.set("count", number)
    return output(number, value)


def main() -> None:
    """Run until stopped."""
    app = Application(
        broker_address=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        consumer_group="stream-quix",
        auto_offset_reset="earliest",
        state_dir=sys.argv[1],
        loglevel="WARNING",
    )
    inputs = app.topic(INPUT, value_deserializer="bytes")
    outputs = app.topic(OUTPUT, value_serializer="bytes")
    app.dataframe(inputs).apply(count, stateful=True).to_topic(outputs)
    app.run()


if __name__ == "__main__":
    main()
