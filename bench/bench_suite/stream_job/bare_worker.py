"""The job on confluent-kafka and RocksDB alone: at least once, in batches; nothing restores it and nothing fences it.

A batch: outputs and changelog delivered, the table written, then the positions committed.
"""

import os
import signal
import sys
from pathlib import Path
from typing import cast

import rocksdict
from bench_suite.stream_job.job import CHANGELOG, INPUT, OUTPUT, output, pack_count, unpack_count
from confluent_kafka import Consumer, Message, Producer, TopicPartition

BATCH = 5_000


class Bare:
    """A consumer, a producer, and a table for all partitions."""

    def __init__(self, folder: Path) -> None:
        servers = {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]}
        over = {"enable.auto.commit": False, "auto.offset.reset": "earliest"}
        self.consumer = Consumer({**servers, "group.id": "stream-bare", **over})
        self.consumer.subscribe([INPUT])
        queue = {"queue.buffering.max.messages": 1_000_000, "linger.ms": 0}
        self._producer = Producer({**servers, "enable.idempotence": True, **queue})
        self._table = rocksdict.Rdict(str(folder / "table"), options=rocksdict.Options(raw_mode=True))

    def turn(self) -> None:
        """One batch, if there is one."""
        messages = [one for one in self.consumer.consume(BATCH, 0.1) if one.error() is None]
        if not messages:
            return
        counts: dict[bytes, int] = {}
        positions: dict[int, int] = {}
        partitions: dict[bytes, int] = {}
        for message in messages:
            key, partition = self._counted(message, counts), cast("int", message.partition())
            partitions[key], positions[partition] = partition, cast("int", message.offset()) + 1
        self._keep(counts, partitions)
        self.consumer.commit(
            offsets=[TopicPartition(INPUT, partition, offset) for partition, offset in positions.items()],
            asynchronous=False,
        )

    def _counted(self, message: Message, counts: dict[bytes, int]) -> bytes:
        key, value = cast("bytes", message.key()), cast("bytes", message.value())
        before = counts.get(key)
        counts[key] = count = 1 + (unpack_count(self._table.get(key)) if before is None else before)
        self._producer.produce(OUTPUT, output(count, value), key, cast("int", message.partition()))
        return key

    def _keep(self, counts: dict[bytes, int], partitions: dict[bytes, int]) -> None:
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, count in counts.items():
            packed = pack_count(count)
            self._producer.produce(CHANGELOG, packed, key, partitions[key])
            batch.put(key, packed)
        self._producer.flush()
        self._table.write(batch)


def main() -> None:
    """Run until stopped."""
    bare, stopped = Bare(Path(sys.argv[1])), []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    while not stopped:
        bare.turn()
    bare.consumer.close()


if __name__ == "__main__":
    main()
