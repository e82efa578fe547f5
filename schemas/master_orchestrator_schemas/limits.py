"""How large and how deep a record may be, before anything is parsed."""

from typing import Literal

from pydantic import Field

from master_orchestrator_schemas.units import Size, Terms

Compression = Literal["none", "gzip", "snappy", "lz4", "zstd"]
"""Of what is written for others. Every client reads ``none`` and ``gzip``; for the rest some need an extension.

gzip takes twice the CPU, of writers and readers (``bench/compression.py``).
"""


class Limits(Terms):
    """Bounds of one record on the wire; a record beyond them is a dead letter.

    Args:
        max_record_bytes: of the whole value, framing included.
        max_depth: of nested JSON arrays and objects (Avro's depth is that of its schema).
        max_items: of one array or map.
    """

    max_record_bytes: Size = Field(default_factory=lambda: 256 * 1024, alias="max_record")
    max_depth: int = Field(default=16, ge=2, le=128)
    max_items: int = Field(default=1024, ge=1, le=1_000_000)
