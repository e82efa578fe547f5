"""Avro's binary encoding, compiled: each schema becomes a function that reads it and one that writes it.

fastavro walks the schema for every record, and believes what a record claims (counts, lengths). Two forms do neither.
The pure one (``reading``, ``writing``) makes Python functions, runs everywhere and is the reference. The native one
(``native.pyx``) is C code, where the installation could build it. The tests hold every byte of the pure form against
fastavro, and the native form against the pure one.
"""

from master_orchestrator_schemas.binary.form import FORM, compile_reader, compile_writer
from master_orchestrator_schemas.binary.primitives import CutOffError, MalformedError
from master_orchestrator_schemas.binary.reading import ValueReader
from master_orchestrator_schemas.binary.writing import ValueWriter

__all__ = ["FORM", "CutOffError", "MalformedError", "ValueReader", "ValueWriter", "compile_reader", "compile_writer"]
