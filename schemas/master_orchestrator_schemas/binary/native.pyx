# cython: language_level=3, boundscheck=False, wraparound=False
"""The native form of the codec: each schema becomes a plan, which C code follows to read and to write.

``reading.py`` and ``writing.py`` are the reference; the tests hold every byte and every error of this form against
them. What is rare (a number that is no float, an integer of more than 64 bits) is left to the reference's functions.
Doubles are copied as they are in memory, so it is built on little-endian machines only.
"""

import struct
import sys

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError, PyDict_SetItem, PyDict_Size
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check
from cpython.list cimport PyList_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_Check
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject, PyObject_GetAttr
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_Check, PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from master_orchestrator_schemas.binary.primitives import (
    CUT_OFF,
    NEGATIVE_LENGTH,
    NO_SUCH_BRANCH,
    NOT_A_BOOLEAN,
    TOO_MANY_BITS,
    TOO_MANY_BYTES,
    TOO_MANY_ITEMS,
    CutOffError,
    MalformedError,
    kind,
    nullable,
    zigzag,
)

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL

cdef enum Op:
    NULL_, BOOLEAN, LONG, DOUBLE, STRING, NULLABLE, RECORD, ARRAY, MAP, UNION

cdef enum:
    STACK_BYTES = 1024
    MAX_VARINT_BYTES = 10

cdef dict _OPS = {"null": NULL_, "boolean": BOOLEAN, "int": LONG, "long": LONG, "double": DOUBLE, "string": STRING}
cdef object _pack_double = struct.Struct("<d").pack
cdef object _REQUIRED = object()


cdef class Node:
    """What to do for one type of a schema."""

    cdef Op op
    cdef Node item              # of a nullable, an array, a map
    cdef tuple names            # of a record's fields
    cdef tuple nodes            # of a record's fields, or a union's branches
    cdef tuple defaults         # of a record's fields: what is written for a missing key, or _REQUIRED
    cdef tuple left_out         # of a record's fields: no key is read where the value is null
    cdef bint by_key            # a record is written from a dict, not from attributes
    cdef bint or_null           # a union's first branch is null
    cdef dict branches          # of a union that is written: agent -> (index, node)


cdef class _Planner:
    """Makes the plan of one schema."""

    cdef object branches
    cdef dict known

    def __cinit__(self, branches):
        self.branches = branches
        self.known = {}

    cdef Node record(self, schema, bint by_key, absent):
        cdef Node node = Node()
        fields = schema["fields"]
        node.op = RECORD
        node.by_key = by_key
        node.names = tuple([sys.intern(field["name"]) for field in fields])
        node.nodes = tuple([self.value(field["type"], by_key) for field in fields])
        node.defaults = tuple([field.get("default", _REQUIRED) for field in fields])
        node.left_out = tuple([field["name"] in absent for field in fields])
        self.known[schema["name"]] = node
        return node

    cdef Node value(self, schema, bint by_key):
        cdef Node node = Node()
        inner = nullable(schema)
        if inner is not None:
            node.op = NULLABLE
            node.item = self.value(inner, by_key)
            return node
        what = kind(schema)
        if what in _OPS:
            node.op = _OPS[what]
        elif what == "record":
            return self.record(schema, by_key, ())
        elif what == "array" or what == "map":
            node.op = ARRAY if what == "array" else MAP
            node.item = self.value(schema["items" if what == "array" else "values"], by_key)
        elif what == "union":
            node.op = UNION
            node.or_null = schema[0] == "null"
            node.nodes = tuple([self.value(branch, True) for branch in schema])
            records = {branch["name"]: index for index, branch in enumerate(schema) if branch != "null"}
            node.branches = {
                agent: (records[record], node.nodes[records[record]]) for agent, record in self.branches.items()
            }
        else:
            return self.known[what]
        return node


cdef struct Output:
    char* bytes
    Py_ssize_t size
    Py_ssize_t capacity
    bint on_heap


cdef int grow(Output* output, Py_ssize_t more) except -1:
    cdef Py_ssize_t capacity = output.capacity
    cdef char* bytes
    while capacity < output.size + more:
        capacity *= 2
    if output.on_heap:
        bytes = <char*>PyMem_Realloc(output.bytes, capacity)
    else:
        bytes = <char*>PyMem_Malloc(capacity)
        if bytes != NULL:
            memcpy(bytes, output.bytes, output.size)
    if bytes == NULL:
        raise MemoryError
    output.bytes = bytes
    output.capacity = capacity
    output.on_heap = True
    return 0


cdef inline int room(Output* output, Py_ssize_t more) except -1:
    if more > output.capacity - output.size:
        grow(output, more)
    return 0


cdef inline int put_bytes(Output* output, const char* bytes, Py_ssize_t size) except -1:
    room(output, size)
    memcpy(output.bytes + output.size, bytes, size)
    output.size += size
    return 0


cdef inline int put_byte(Output* output, char byte) except -1:
    room(output, 1)
    output.bytes[output.size] = byte
    output.size += 1
    return 0


cdef inline int put_varint(Output* output, uint64_t value) except -1:
    room(output, MAX_VARINT_BYTES)
    while value > 0x7F:
        output.bytes[output.size] = <char>(value & 0x7F | 0x80)
        output.size += 1
        value >>= 7
    output.bytes[output.size] = <char>value
    output.size += 1
    return 0


cdef int put_python_bytes(Output* output, bytes value) except -1:
    return put_bytes(output, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))


cdef int put_long(Output* output, object value) except -1:
    cdef int overflow = 1
    cdef int64_t number = 0
    if PyLong_Check(value):
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow:
        return put_python_bytes(output, zigzag(value))
    return put_varint(output, (<uint64_t>number << 1) ^ <uint64_t>(number >> 63))


cdef int put_double(Output* output, object value) except -1:
    cdef double number
    if not PyFloat_Check(value):
        return put_python_bytes(output, _pack_double(value))
    number = PyFloat_AS_DOUBLE(value)
    return put_bytes(output, <const char*>&number, 8)


cdef int put_string(Output* output, object value) except -1:
    cdef Py_ssize_t size = 0
    cdef const char* text
    cdef bytes encoded
    if PyUnicode_Check(value):
        text = PyUnicode_AsUTF8AndSize(value, &size)
        put_varint(output, <uint64_t>size << 1)
        return put_bytes(output, text, size)
    encoded = value.encode()
    put_varint(output, <uint64_t>len(encoded) << 1)
    return put_python_bytes(output, encoded)


cdef int put_attributes(Output* output, Node node, object message) except -1:
    cdef Py_ssize_t index
    for index in range(PyTuple_GET_SIZE(node.names)):
        value = PyObject_GetAttr(message, <object>PyTuple_GET_ITEM(node.names, index))
        put(output, <Node>PyTuple_GET_ITEM(node.nodes, index), value, message)
    return 0


cdef int put_keys(Output* output, Node node, object message) except -1:
    cdef Py_ssize_t index
    for index in range(PyTuple_GET_SIZE(node.names)):
        value = of_key(message, <object>PyTuple_GET_ITEM(node.names, index), <object>PyTuple_GET_ITEM(node.defaults, index))
        put(output, <Node>PyTuple_GET_ITEM(node.nodes, index), value, message)
    return 0


cdef object of_key(object message, object name, object default):
    cdef PyObject* value
    if PyDict_CheckExact(message):
        value = PyDict_GetItemWithError(message, name)
        if value != NULL:
            return <object>value
    return message[name] if default is _REQUIRED else message.get(name, default)


cdef int put(Output* output, Node node, object value, object parent) except -1:
    """Append ``value``, which is a field of ``parent``."""
    cdef Op op = node.op
    if op == NULLABLE:
        if value is None:
            return put_byte(output, 0)
        put_byte(output, 2)
        node = node.item
        op = node.op
    if op == DOUBLE:
        return put_double(output, value)
    if op == STRING:
        return put_string(output, value)
    if op == LONG:
        return put_long(output, value)
    if op == BOOLEAN:
        if value is not True and value is not False:
            raise TypeError(f"{value!r} is not a boolean")
        return put_byte(output, value is True)
    if op == RECORD:
        return put_keys(output, node, value) if node.by_key else put_attributes(output, node, value)
    if op == ARRAY:
        if value:
            put_long(output, len(value))
            for item in value:
                put(output, node.item, item, value)
        return put_byte(output, 0)
    if op == MAP:
        if value:
            put_long(output, len(value))
            for key, item in value.items():
                put_string(output, key)
                put(output, node.item, item, value)
        return put_byte(output, 0)
    if op == UNION:
        return put_union(output, node, value, parent)
    return 0


cdef int put_union(Output* output, Node node, object value, object parent) except -1:
    if value is None and node.or_null:
        return put_byte(output, 0)
    index, branch = node.branches[parent.agent]
    put_long(output, index)
    return put(output, branch, value, None)


cdef class Writer:
    """Writes messages of one schema: ``writer(prefix, message)`` -> the prefix and the record.

    Args:
        schema: the JSON of the ``.avsc`` file.
        branches: for a message with a union of records: which record is which agent's.
    """

    cdef Node node

    def __cinit__(self, schema, branches):
        self.node = _Planner(branches).record(schema, False, ())

    def __call__(self, bytes prefix not None, message):
        cdef char stack[STACK_BYTES]
        cdef Output output
        output.bytes = stack
        output.size = 0
        output.capacity = STACK_BYTES
        output.on_heap = False
        try:
            put_python_bytes(&output, prefix)
            put(&output, self.node, message, None)
            return PyBytes_FromStringAndSize(output.bytes, output.size)
        finally:
            if output.on_heap:
                PyMem_Free(output.bytes)


cdef struct Input:
    const unsigned char* bytes
    Py_ssize_t position
    Py_ssize_t end
    uint64_t max_items


cdef int cut_off() except -1:
    raise CutOffError(CUT_OFF)


cdef int malformed(str what) except -1:
    raise MalformedError(what)


cdef inline int get_byte(Input* source) except -1:
    if source.position >= source.end:
        cut_off()
    source.position += 1
    return source.bytes[source.position - 1]


cdef inline uint64_t get_varint(Input* source) except? 0:
    cdef int byte = get_byte(source)
    cdef uint64_t value = byte & 0x7F
    cdef int shift = 0
    while byte > 0x7F:
        if shift == 63:
            malformed(TOO_MANY_BYTES)
        shift += 7
        byte = get_byte(source)
        if shift == 63 and 1 < byte <= 0x7F:
            malformed(TOO_MANY_BITS)
        value |= <uint64_t>(byte & 0x7F) << shift
    return value


cdef inline int64_t get_long(Input* source) except? -1:
    cdef uint64_t value = get_varint(source)
    return <int64_t>(value >> 1) ^ -<int64_t>(value & 1)


cdef double get_double(Input* source) except? -1:
    cdef double number
    if source.end - source.position < 8:
        cut_off()
    memcpy(&number, source.bytes + source.position, 8)
    source.position += 8
    return number


cdef str get_string(Input* source):
    cdef uint64_t size = get_varint(source)
    if size & 1:
        malformed(NEGATIVE_LENGTH)
    size >>= 1
    if size > <uint64_t>(source.end - source.position):
        cut_off()
    text = PyUnicode_DecodeUTF8(<const char*>source.bytes + source.position, <Py_ssize_t>size, NULL)
    source.position += <Py_ssize_t>size
    return text


cdef uint64_t get_count(Input* source, Py_ssize_t before) except? 0:
    """Items of the next block, where ``before`` have been read. A negative count is followed by the block's bytes."""
    cdef int64_t count = get_long(source)
    cdef uint64_t items = <uint64_t>count
    if count < 0:
        get_varint(source)
        items = 0 - items
    if items > source.max_items - <uint64_t>before:
        malformed(TOO_MANY_ITEMS)
    return items


cdef dict get_record(Input* source, Node node):
    cdef dict record = {}
    cdef Node child
    cdef Py_ssize_t index
    for index in range(PyTuple_GET_SIZE(node.names)):
        child = <Node>PyTuple_GET_ITEM(node.nodes, index)
        if child.op == NULLABLE and source.position < source.end and source.bytes[source.position] == 0:
            source.position += 1
            if <object>PyTuple_GET_ITEM(node.left_out, index) is True:
                continue
            value = None
        else:
            value = get(source, child)
        PyDict_SetItem(record, <object>PyTuple_GET_ITEM(node.names, index), value)
    return record


cdef list get_array(Input* source, Node item):
    cdef list items = []
    cdef uint64_t count = get_count(source, 0)
    while count:
        while count:
            items.append(get(source, item))
            count -= 1
        count = get_count(source, PyList_GET_SIZE(items))
    return items


cdef dict get_map(Input* source, Node item):
    cdef dict items = {}
    cdef uint64_t count = get_count(source, 0)
    while count:
        while count:
            key = get_string(source)
            PyDict_SetItem(items, key, get(source, item))
            count -= 1
        count = get_count(source, PyDict_Size(items))
    return items


cdef object get(Input* source, Node node):
    """The value at the position."""
    cdef Op op = node.op
    cdef int byte
    if op == NULLABLE:
        byte = get_byte(source)
        if byte == 0:
            return None
        if byte != 2:
            malformed(NO_SUCH_BRANCH)
        node = node.item
        op = node.op
    if op == DOUBLE:
        return get_double(source)
    if op == STRING:
        return get_string(source)
    if op == LONG:
        return get_long(source)
    if op == BOOLEAN:
        byte = get_byte(source)
        if byte > 1:
            malformed(NOT_A_BOOLEAN)
        return byte == 1
    if op == RECORD:
        return get_record(source, node)
    if op == ARRAY:
        return get_array(source, node.item)
    if op == MAP:
        return get_map(source, node.item)
    if op == UNION:
        byte = get_byte(source)
        if byte & 1 or byte >= 2 * PyTuple_GET_SIZE(node.nodes):
            malformed(NO_SUCH_BRANCH)
        return get(source, <Node>PyTuple_GET_ITEM(node.nodes, byte >> 1))
    return None


cdef class Reader:
    """Reads records of one schema: ``reader(value, position)`` -> the record as a dict, and the position after it.

    Args:
        schema: the JSON of the ``.avsc`` file.
        max_items: of one array or map.
        absent: fields of the outermost record that are left out of the dict when null.
    """

    cdef Node node
    cdef uint64_t max_items

    def __cinit__(self, schema, uint64_t max_items, absent):
        self.node = _Planner({}).record(schema, False, absent)
        self.max_items = max_items

    def __call__(self, bytes value not None, Py_ssize_t position):
        cdef Input source
        source.bytes = <const unsigned char*>PyBytes_AS_STRING(value)
        source.position = position
        source.end = PyBytes_GET_SIZE(value)
        source.max_items = self.max_items
        if position < 0 or position > source.end:
            cut_off()
        return get_record(&source, self.node), source.position
