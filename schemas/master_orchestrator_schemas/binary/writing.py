"""Schema -> a function that writes it: messages by attribute, payloads and results (dicts) by key."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from master_orchestrator_schemas.binary.primitives import SHORT, Schema, kind, nullable, varint, zigzag
from master_orchestrator_schemas.vocabulary import AgentType

ValueWriter = Callable[[bytes, Any], bytes]
"""(prefix, message) -> the prefix and the message's record.

Raises ``AttributeError``, ``KeyError``, ``TypeError``, ``ValueError``, ``struct.error`` if the message is not what its
class and schema say.
"""

Branches = Mapping[AgentType, str]
"""Agent -> the record of a union that is its own."""

_PRIMITIVES = {
    "boolean": ["if v is not True and v is not False: raise TypeError(f'{{v!r}} is not a boolean')", "o += short[v]"],
    "long": ["o += short[v << 1] if 0 <= v < 8192 else zigzag(v)"],
    "double": ["o += double(v)"],
    "string": ["v = v.encode(); n = len(v) << 1", "o += short[n] if n < 16384 else varint(n)", "o += v"],
}
_PRIMITIVES["int"] = _PRIMITIVES["long"]


def compile_writer(schema: Schema, branches: Branches | None = None) -> ValueWriter:
    """The writer of a message's record schema.

    Args:
        schema: the JSON of the ``.avsc`` file.
        branches: for a message with a union of records: which record is which agent's. The field's value is a dict.
    """
    compiler = _WriterCompiler(branches or {})
    name = compiler.record(schema, by_key=False)
    exec("\n".join(compiler.lines), compiler.names)  # noqa: S102 - made of this package's own schema files only
    for union, functions in compiler.unions.items():
        compiler.names[union] = {agent: (byte, compiler.names[write]) for agent, (byte, write) in functions.items()}
    append = compiler.names[name]

    def write(prefix: bytes, message: Any) -> bytes:
        value = bytearray(prefix)
        append(value, message)
        return bytes(value)

    return write


class _WriterCompiler:
    def __init__(self, branches: Branches) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "short": SHORT,
            "double": struct.Struct("<d").pack,
            "nullable_double": struct.Struct("<Bd").pack,
            "varint": varint,
            "zigzag": zigzag,
        }
        self.unions: dict[str, dict[AgentType, tuple[bytes, str]]] = {}
        self._branches = branches
        self._functions: dict[str, str] = {}

    def record(self, schema: Schema, *, by_key: bool) -> str:
        """Define the writer of a record; its function's name."""
        body: list[str] = []
        for field in schema["fields"]:
            body += [f"v = {self._get(field, by_key=by_key)}", *self._value(field["type"], by_key=by_key)]
        name = self._function(f"record_{schema['name']}", body)
        self._functions[schema["name"]] = name
        return name

    def _get(self, field: Schema, *, by_key: bool) -> str:
        name = field["name"]
        if not by_key:
            return f"m.{name}"
        if "default" not in field:
            return f"m[{name!r}]"
        return f"m.get({name!r}, {field['default']!r})"

    def _function(self, name: str, body: list[str]) -> str:
        self.lines += [f"def {name}(o, m):", *(f"    {line}" for line in body)]
        return name

    def _value(self, schema: Schema, *, by_key: bool) -> list[str]:
        """Statements that append ``v``."""
        if (inner := nullable(schema)) is not None:
            return self._nullable(inner, by_key=by_key)
        if kind(schema) in _PRIMITIVES:
            return [line.replace("{{", "{").replace("}}", "}") for line in _PRIMITIVES[kind(schema)]]
        if kind(schema) == "union":
            return self._union(schema)
        return [f"{self._writer(schema, by_key=by_key)}(o, v)"]

    def _nullable(self, inner: Schema, *, by_key: bool) -> list[str]:
        if inner == "double":  # the hot one: a reading has 30 of them
            written = ["o += nullable_double(2, v)"]
        else:
            written = ["o += short[2]", *self._value(inner, by_key=by_key)]
        return ["if v is None: o += short[0]", "else:", *(f"    {line}" for line in written)]

    def _writer(self, schema: Schema, *, by_key: bool) -> str:
        """The name of a function that writes ``schema``."""
        match kind(schema):
            case "record":
                return self.record(schema, by_key=by_key)
            case "array":
                return self._blocks("array", schema["items"], "for v in m:", by_key=by_key)
            case "map":
                key = [f"    {line}" for line in self._value("string", by_key=by_key)]
                return self._blocks(
                    "map", schema["values"], "for k, w in m.items():", "v = k", *key, "v = w", by_key=by_key
                )
            case name:
                return self._functions[name]

    def _blocks(self, what: str, item: Schema, loop: str, *before: str, by_key: bool) -> str:
        body = [
            "if m:",
            "    o += zigzag(len(m))",
            f"    {loop}",
            *(f"        {line.strip()}" for line in before),
            *(f"        {line}" for line in self._value(item, by_key=by_key)),
            "o += short[0]",
        ]
        return self._function(f"{what}_{len(self.lines)}", body)

    def _union(self, schema: list[Schema]) -> list[str]:
        """A union of one record per agent, with or without null: the message's agent says which."""
        written = {
            branch["name"]: (SHORT[2 * index], self._writer(branch, by_key=True))
            for index, branch in enumerate(schema)
            if branch != "null"
        }
        union = f"union_{len(self.unions)}"
        self.unions[union] = {agent: written[record] for agent, record in self._branches.items()}
        lines = [f"i, w = {union}[m.agent]", "o += i", "w(o, v)"]
        if schema[0] != "null":
            return lines
        return ["if v is None: o += short[0]", "else:", *(f"    {line}" for line in lines)]
