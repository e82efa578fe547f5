"""Schema -> a function that reads it.

Lengths are never negative and no position is beyond the end: whatever the bytes, a read ends with them at the latest.
"""

import struct
from collections.abc import Callable, Set
from typing import Any

from master_orchestrator_schemas.binary.primitives import (
    CUT_OFF,
    NEGATIVE_LENGTH,
    NO_SUCH_BRANCH,
    NOT_A_BOOLEAN,
    TOO_MANY_ITEMS,
    CutOffError,
    MalformedError,
    Schema,
    kind,
    nullable,
    read_long,
    varint_rest,
)

ValueReader = Callable[[bytes, int], tuple[dict[str, Any], int]]
"""(bytes, position) -> the record as a dict, and the position after it.

Raises :class:`MalformedError`, of which :class:`CutOffError` is one, or ``UnicodeDecodeError``.
"""

_PRIMITIVES = {
    "null": ["{to} = None"],
    "boolean": ["i = b[p]; p += 1", f"if i > 1: raise MalformedError({NOT_A_BOOLEAN!r})", "{to} = i == 1"],
    "long": ["i = b[p]; p += 1", "if i > 127: i, p = varint_rest(b, p, i)", "{to} = (i >> 1) ^ -(i & 1)"],
    "double": ["{to} = double(b, p)[0]; p += 8"],
    "string": [
        "i = b[p]; p += 1",
        "if i > 127: i, p = varint_rest(b, p, i)",
        f"if i & 1: raise MalformedError({NEGATIVE_LENGTH!r})",
        "e = p + (i >> 1)",
        f"if e > len(b): raise CutOffError({CUT_OFF!r})",
        "{to} = b[p:e].decode(); p = e",
    ],
}
_PRIMITIVES["int"] = _PRIMITIVES["long"]


def compile_reader(schema: Schema, max_items: int, absent: Set[str] = frozenset()) -> ValueReader:
    """The reader of a record schema.

    Args:
        schema: the JSON of the ``.avsc`` file.
        max_items: of one array or map.
        absent: fields of the outermost record that are left out of the dict when null.
    """
    compiler = _ReaderCompiler(max_items, absent)
    name = compiler.record(schema)
    exec("\n".join(compiler.lines), compiler.names)  # noqa: S102 - made of this package's own schema files only
    record = compiler.names[name]

    def read(value: bytes, position: int) -> tuple[dict[str, Any], int]:
        try:
            datum, end = record(value, position)
        except (IndexError, struct.error) as error:
            raise CutOffError(CUT_OFF) from error
        return datum, end

    return read


class _ReaderCompiler:
    def __init__(self, max_items: int, absent: Set[str]) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "CutOffError": CutOffError,
            "MalformedError": MalformedError,
            "double": struct.Struct("<d").unpack_from,
            "varint_rest": varint_rest,
            "block_count": _block_count,
            "max_items": max_items,
        }
        self._absent = absent
        self._functions: dict[str, str] = {}

    def record(self, schema: Schema) -> str:
        """Define the reader of a record; its function's name."""
        absent, self._absent = self._absent, frozenset()
        body = ["d = {}"]
        for field in schema["fields"]:
            body += self._value(field["type"], f"d[{field['name']!r}]", absent=field["name"] in absent)
        name = self._function(f"record_{schema['name']}", [*body, "return d, p"])
        self._functions[schema["name"]] = name
        return name

    def _function(self, name: str, body: list[str]) -> str:
        self.lines += [f"def {name}(b, p):", *(f"    {line}" for line in body)]
        return name

    def _value(self, schema: Schema, to: str, *, absent: bool = False) -> list[str]:
        """Statements that read a value at ``p`` into ``to``."""
        if (inner := nullable(schema)) is not None:
            return [
                "i = b[p]; p += 1",
                "if i == 2:",
                *(f"    {line}" for line in self._value(inner, to)),
                f"elif i: raise MalformedError({NO_SUCH_BRANCH!r})",
                *([] if absent else [f"else: {to} = None"]),
            ]
        if kind(schema) in _PRIMITIVES:
            return [line.format(to=to) for line in _PRIMITIVES[kind(schema)]]
        return [f"{to}, p = {self._reader(schema)}(b, p)"]

    def _reader(self, schema: Schema) -> str:
        """The name of a function that reads ``schema``."""
        match kind(schema):
            case "record":
                return self.record(schema)
            case "array":
                return self._blocks("array", schema["items"], "out = []", [], "out.append(v)")
            case "map":
                key = self._value("string", "k")
                return self._blocks("map", schema["values"], "out = {}", key, "out[k] = v")
            case "union":
                return self._union(schema)
            case "null":
                return self._function(f"null_{len(self.lines)}", ["return None, p"])
            case name:
                return self._functions[name]

    def _blocks(self, what: str, item: Schema, empty: str, before: list[str], add: str) -> str:
        body = [
            empty,
            "while True:",
            "    n, p = block_count(b, p)",
            "    if not n: return out, p",
            f"    if len(out) + n > max_items: raise MalformedError({TOO_MANY_ITEMS!r})",
            "    for _ in range(n):",
            *(f"        {line}" for line in (*before, *self._value(item, "v"), add)),
        ]
        return self._function(f"{what}_{len(self.lines)}", body)

    def _union(self, schema: list[Schema]) -> str:
        branches = ", ".join([self._reader(branch) for branch in schema])
        name = f"union_{len(self.lines)}"
        body = [
            "i = b[p]",
            f"if i & 1 or i >= {2 * len(schema)}: raise MalformedError({NO_SUCH_BRANCH!r})",
            f"return ({branches})[i >> 1](b, p + 1)",
        ]
        return self._function(name, body)


def _block_count(data: bytes, position: int) -> tuple[int, int]:
    """Items of the next block; a negative count is followed by the block's size in bytes, which nobody needs here."""
    count, position = read_long(data, position)
    if count < 0:
        _, position = read_long(data, position)
    return abs(count), position
