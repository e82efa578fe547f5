"""Which records of an actor are repeats: the ids of the newest 4,096, as 8 bytes each, in chunks.

A batch adds to one chunk, so that is all it has to write.
"""

import struct
from hashlib import blake2b
from typing import Self

CHUNK = 256
CHUNKS = 16
_ID = struct.Struct(">Q")


class Repeats:
    """The ids of the newest records. ``total``: how many ids there have been."""

    def __init__(self) -> None:
        self.total = 0
        self._chunks: list[list[int]] = [[] for _ in range(CHUNKS)]
        self._known: set[int] = set()
        self.changed: set[int] = set()
        """Chunks that are not as they were when this was last cleared."""

    def is_new(self, text: str) -> bool:
        """Whether the id is not among the newest; it is from now on."""
        (number,) = _ID.unpack(blake2b(text.encode(), digest_size=_ID.size).digest())
        if number in self._known:
            return False
        slot = self.total // CHUNK % CHUNKS
        chunk = self._chunks[slot]
        if self.total % CHUNK == 0:
            self._known.difference_update(chunk)
            chunk.clear()
        chunk.append(number)
        self._known.add(number)
        self.changed.add(slot)
        self.total += 1
        return True

    def dump(self, slot: int) -> bytes:
        """A chunk's bytes."""
        chunk = self._chunks[slot]
        return struct.pack(f">{len(chunk)}Q", *chunk)

    @classmethod
    def restored(cls, total: int, chunks: list[bytes]) -> Self:
        """The inverse of :meth:`dump`, of all chunks there are, in order of their slots."""
        repeats = cls()
        repeats.total = total
        for slot, packed in enumerate(chunks):
            repeats._chunks[slot] = list(struct.unpack(f">{len(packed) // _ID.size}Q", packed))
            repeats._known.update(repeats._chunks[slot])
        return repeats
