"""Which form of the codec this process uses: the native one where it was built, else the pure one."""

import importlib
import os
from collections.abc import Set
from typing import TYPE_CHECKING, Literal

from master_orchestrator_schemas.binary import reading, writing
from master_orchestrator_schemas.binary.primitives import Schema
from master_orchestrator_schemas.binary.reading import ValueReader
from master_orchestrator_schemas.binary.writing import Branches, ValueWriter

if TYPE_CHECKING:
    from types import ModuleType

PURE_VARIABLE = "MASTER_ORCHESTRATOR_PURE_CODEC"
"""Environment variable: if it is set, the native form is neither built nor used."""

NATIVE_MODULE = "master_orchestrator_schemas.binary.native"


def built() -> "ModuleType | None":
    """The native form's module, or None where the installation built none."""
    try:
        return importlib.import_module(NATIVE_MODULE)
    except ModuleNotFoundError:
        return None


_NATIVE = None if os.environ.get(PURE_VARIABLE) else built()

FORM: Literal["native", "pure"] = "pure" if _NATIVE is None else "native"


def compile_reader(schema: Schema, max_items: int, absent: Set[str] = frozenset()) -> ValueReader:
    """The reader of a record schema, as :func:`reading.compile_reader` has it."""
    if _NATIVE is None:
        return reading.compile_reader(schema, max_items, absent)
    reader: ValueReader = _NATIVE.Reader(schema, max_items, absent)
    return reader


def compile_writer(schema: Schema, branches: Branches | None = None) -> ValueWriter:
    """The writer of a message's record schema, as :func:`writing.compile_writer` has it."""
    if _NATIVE is None:
        return writing.compile_writer(schema, branches)
    writer: ValueWriter = _NATIVE.Writer(schema, branches or {})
    return writer
