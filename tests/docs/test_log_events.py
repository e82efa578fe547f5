"""Log events are names in snake_case, so that they can be filtered; sentences go into a ``note``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"critical", "debug", "error", "exception", "info", "warning"}


def events(source: str) -> Iterator[tuple[int, ast.expr]]:
    """Line and first argument of every call of a level of the module's ``log``."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("log"), attr=level), args=[event, *_]) if level in LEVELS:
                yield node.lineno, event


def sentences(source: str) -> list[int]:
    """The lines that log something other than a name."""
    return [
        line
        for line, event in events(source)
        for text in ast.walk(event)
        if isinstance(text, ast.Constant) and not re.fullmatch(r"[a-z]+(_[a-z]+)*", str(text.value))
    ]


def test_every_event_of_structlog_is_a_name() -> None:
    sources = {
        file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
        for folder in ("agents", "chaos", "streams")
        for file in (ROOT / folder).rglob("*.py")
    }
    logging = {name: source for name, source in sources.items() if "structlog" in source}
    assert [] == [f"{name}:{line}" for name, source in logging.items() for line in sentences(source)]
    assert sum(len(list(events(source))) for source in logging.values()) > 50


def test_a_sentence_is_seen() -> None:
    assert [2, 3] == sentences('log.info("topic_changed")\nlog.info("A topic")\nlog.error(f"died {x}")')
