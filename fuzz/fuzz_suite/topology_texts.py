"""Texts that are almost ``topology.yaml``: the packaged one, changed in its text or in its structure."""

import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import yaml

from master_orchestrator_schemas.topology.loader import default_path

PACKAGED = default_path().read_text(encoding="utf-8")
STRUCTURE: dict[str, Any] = yaml.safe_load(PACKAGED)
NodePlace = tuple[Any, Any]
"""A container and a key or index in it."""

REGEXES = (
    "(a+)+$", "(.*)*x", "(.*.*.*)*x", ".*" * 50 + "x", "(.|.|.|.)*x", "(" * 90 + ")" * 90,
    "(" * 5_000 + ")" * 5_000, "x{99999}",
    "x{99999999999999999999}", "(x{1000}){1000}", "(?<=.*)x", "(?P<n>.)(?P=n)", "\\1", "[", "(", "*", "(?i)p0301",
    "[^", "(?#",
    "(|||||||)" * 12 + "x", ".?" * 30 + "x", "P0301\\Z", "", "(.?){200}x", "^$", "\\d+", "P0[0-9",
    "(.+)+(.+)+(.+)+(.+)+(.+)+x",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 10**9, 2**31, 2**63, 2**64, 10**400, 0.0, -0.5, 1e308, 1e-308, float("nan"),
    float("inf"), "",
    "x", "0s", "1s", "-1s", "999999999d", "1000000000d", "1ms", "10 min", "1e3s", "٣s", "999999999GiB", "0B",
    "1B", "URGENT", "1",
    "urgent", "true", "${HOME}", "\x00", "\n", "a\nb", "ü" * 500, "x" * 5_000, "../../etc", [], {}, [[]], [1, 2],
    [2, 1], {"a": 1},
    ["URGENT"], "Telemetry", "Command", "coolant_temp_c", "mil_on", "input", "a.b", "__proto__", "vehicle.telemetry",
)  # fmt: skip
SCALARS = (
    "!!int ''", "!!int 'x'", "!!float ''", "!!float x", "!!bool x", "!!timestamp x",
    "!!timestamp '0001-01-01 00:00:00 +23:59'",
    "!!binary '%%%'", "!!python/object:os.system x", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1]",
    "!!null x", "!x y", "!<x> y",
    "2020-13-40", "2020-01-01", "1:99:99", "0x" + "f" * 9_000, "0o777", "0b", "9" * 5_000, "1_000", ".inf",
    ".nan", "~", "<<", "=",
    "'unclosed", '"\\ud800"', '"\\x00"', '"\\U00110000"', "&a [*a]", "*a", "? x", "- - - -", "|\n  x", ">\n  x",
    "{a: b, a: c}",
    "[" * 400, "{a: " * 400, "[" * 20_000, "%YAML 9.9", "--- x", "...", "\t", "\ufeff", "\u2028", "{[a]: b}",
    "{{a: b}: c}",
)  # fmt: skip
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)
ENORMOUS = (300_000, 3_000_000)
"""Characters of what is far too much."""


def topology_text(rng: Random) -> str:
    """One text."""
    draw = rng.random()
    if draw < 0.55:
        return _from_structure(rng)
    if draw < 0.995:
        return _from_text(rng)
    return _enormous(rng)


def _from_structure(rng: Random) -> str:
    content = _copy(STRUCTURE)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        rng.choice(CHANGES)(rng, rng.choice(list(_places(content))))
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False)


class _Dumper(yaml.SafeDumper):
    """Writes a value that is there twice twice, not as an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's method
        """Never an alias."""
        return True


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _places(content: Any) -> Iterator[NodePlace]:
    for key in list(content) if isinstance(content, dict) else range(len(content)):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from _places(content[key])


def _swap(rng: Random, place: NodePlace) -> None:
    place[0][place[1]] = rng.choice(VALUES)


def _drop(rng: Random, place: NodePlace) -> None:  # noqa: ARG001 - the form of all CHANGES
    del place[0][place[1]]


def _misspell(rng: Random, place: NodePlace) -> None:
    content, key = place
    if isinstance(content, dict):
        text = str(key)
        names = (text[:-1], text + "s", text.upper(), text.replace("_", "-"), "", "\n", text + "\nx", 7, None, True)
        content[rng.choice(names)] = content.pop(key)


def _double(rng: Random, place: NodePlace) -> None:
    content, key = place
    if isinstance(content, list):
        content.insert(key, content[key])
    else:
        content[rng.choice((f"{key}x", f"{key}2"))] = content[key]


def _pattern(rng: Random, place: NodePlace) -> None:
    """A regular expression in a table of trouble codes; the place says nothing."""
    line = {"code": rng.choice(REGEXES), "subsystem": "other", "priority": "HIGH"}
    content = place[0]
    if isinstance(content, list):
        content.insert(0, line)
    elif "code" in content:
        content["code"] = line["code"]
    elif "dtcs" in content:
        content["dtcs"].insert(0, line)


def _scale(rng: Random, place: NodePlace) -> None:
    content, key = place
    value = content[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        content[key] = rng.choice((-value, value * 1_000, value / 1_000, value + 1, 0, 1e300, -1e300, 5e-324))
    elif isinstance(value, str) and value[:1].isdigit():
        content[key] = rng.choice(
            ("0" + value, "-" + value, "9" * 9 + value.lstrip("0123456789"), value + " ", value.upper())
        )
    elif isinstance(value, list):
        content[key] = value * rng.choice((0, 2, 70))


def _many(rng: Random, place: NodePlace) -> None:
    """Very many of the same."""
    content, key = place
    if isinstance(content, dict) and rng.random() < 0.1:
        for number in range(rng.choice((100, 2_000))):
            content[f"{key}{number}"] = content[key]


CHANGES: tuple[Callable[[Random, NodePlace], None], ...] = (
    _swap, _swap, _drop, _misspell, _double, _pattern, _scale, _scale, _many,
)  # fmt: skip


def _from_text(rng: Random) -> str:
    text = PACKAGED
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = _changed(rng, text)
    return text


def _changed(rng: Random, text: str) -> str:
    lines = text.split("\n")
    number = rng.randrange(len(lines))
    line = lines[number]
    draw = rng.random()
    if draw < 0.3:
        values = list(re.finditer(r"(?<=: )[^,{}\[\]#]+|(?<=\[)[^,\]]+", line))
        if values:
            place = rng.choice(values)
            lines[number] = line[: place.start()] + rng.choice(SCALARS) + line[place.end() :]
    elif draw < 0.4:
        lines[number] = rng.choice(("", "\t", "  ", line + line, "\t" + line, " " + line, line.lstrip(), f"{line}\r"))
    elif draw < 0.5:
        lines.insert(number, rng.choice((line, lines[rng.randrange(len(lines))], *SCALARS)))
    elif draw < 0.6:
        del lines[number : number + rng.choice((1, 1, 5, 40))]
    elif draw < 0.62:
        return BOMB + text
    else:
        return _characters(rng, text)
    return "\n".join(lines)


def _characters(rng: Random, text: str) -> str:
    start = rng.randrange(len(text) + 1)
    stop = min(len(text), start + rng.choice((0, 1, 1, 3, 200)))
    new = rng.choice(
        ("", "\x00", "\t", ":", "{", "}", "[", "]", "*a", "&a ", "!", "'", '"', "|", "\u0085", "\ud7ff", "- ", "? ")
    )
    return text[:start] + new + text[stop:]


def _enormous(rng: Random) -> str:
    size = rng.choice(ENORMOUS)
    kinds = (
        "#" * size,
        "x: [" + "a, " * (size // 3),
        "a" * size,
        "\n" * size,
        PACKAGED * (size // len(PACKAGED)),
        "- " * size,
    )
    return rng.choice(kinds) if rng.random() < 0.5 else PACKAGED + "# " + "x" * size
