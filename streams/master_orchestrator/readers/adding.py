"""One verdict of many: what was counted is added up, what was found is put one after the other."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

V = TypeVar("V", bound=msgspec.Struct)


def added(verdicts: Sequence[V]) -> V:
    """The sum of at least one verdict, whose fields are numbers and tuples."""
    first = verdicts[0]
    columns = zip(*map(msgspec.structs.astuple, verdicts), strict=True)
    return type(first)(
        **{
            name: sum(column, start=() if isinstance(column[0], tuple) else 0)
            for name, column in zip(first.__struct_fields__, columns, strict=True)
        }
    )
