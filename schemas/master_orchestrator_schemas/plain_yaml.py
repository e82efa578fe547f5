"""YAML as people write it into our files: one document, no aliases, and the line of every key."""

from collections.abc import Iterator
from typing import Any

import yaml

from master_orchestrator_schemas.errors import ContractError

KeyPath = tuple[str, ...]

MAX_CHARACTERS = 128 * 1024
"""Of a file; nine times the packaged topology. YAML is read at some 100,000 characters a second."""

NO_VALUE = (ValueError, LookupError, AttributeError, OverflowError, TypeError)
"""What PyYAML raises of scalars: 2020-13-40, !!int '', !!bool x."""
NO_YAML = (yaml.YAMLError, RecursionError, *NO_VALUE)
"""What PyYAML raises."""


class YamlError(ContractError):
    """A text that cannot be read. ``line``, from 1, and ``path``, where they are known."""

    def __init__(self, problem: str, *, line: int | None = None, path: KeyPath = ()) -> None:
        super().__init__(problem)
        self.problem, self.line, self.path = problem, line, path


class _Loader(yaml.SafeLoader):
    """Builds no document with aliases: nine lines of them can stand for billions of values."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """PyYAML's: the node at the events read next."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="YAML aliases (*name) are not supported, write the value out", problem_mark=self.get_mark()
            )
        return super().compose_node(parent, index)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  PyYAML calls it so
        """PyYAML's: the value of a node. Where it can be none, as the date 2026-02-30, the error has its line."""
        try:
            return super().construct_object(node, deep)
        except NO_VALUE as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error


def read_yaml(text: str) -> tuple[Any, dict[KeyPath, int]]:
    """The content, and the line of each key and item. Raises :class:`YamlError`, also for a key that is there twice."""
    if len(text) > MAX_CHARACTERS:
        raise YamlError(f"is larger than {MAX_CHARACTERS} characters; it cannot be one of ours")
    lines: dict[KeyPath, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        for path, line in _walk(node, ()):
            if path in lines:
                raise YamlError("is there twice; remove one", line=line, path=path)
            lines[path] = line
        return (None if node is None else loader.construct_document(node)), lines
    except NO_YAML as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        at = mark.line + 1 if mark else None
        raise YamlError(f"is not YAML: {problem}; correct the syntax", line=at) from error


def _walk(node: yaml.Node | None, path: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    """Every key path with its line."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _walk(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, str(index)), item.start_mark.line + 1
            yield from _walk(item, (*path, str(index)))
