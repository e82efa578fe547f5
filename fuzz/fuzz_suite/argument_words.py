"""Command lines that are almost right: drawn from the commands' own options, and mutated."""

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any, NamedTuple

import typer.main

from master_orchestrator.cli.main import make_app
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Reason, State

FILES = {
    "drive.csv": b"vehicle_id,timestamp,engine_temp\nv-1,2026-01-31T12:00:00Z,91.5\nv-1,2026-01-31T12:00:01Z,x\n",
    "drive.ndjson": b'{"vehicle_id": "v-1", "ts_ms": 1700000000000, "rpm": 900}\n{"vehicle_id"\n',
    "map.yaml": b"columns: {temp: coolant_temp_c}\nts: {column: at}\n",
    "wrong.yaml": b"version: one\n",
    "empty": b"",
    "binary": b"\x00\xff" * 40,
    "my_agents.py": b"def diagnose(task):\n    return {}\nnumber = 7\n",
    "broken_agents.py": b"def diagnose(task:\n",
    "raising_agents.py": b"raise RuntimeError('at import')\n",
    "leaving_agents.py": b"import sys\nsys.exit(3)\n",
}
"""What lies in the working folder."""

NUMBERS = (
    "0", "1", "-1", "2", "3", "50", "100001", "2147483648", "9223372036854775808", "1e3", "1.5", "0.01", "nan",
    "inf", "-inf", "1e999",
    "1e-320", "٣", "0x10", "1_000", "", " 5", "5 ", "9" * 30, "9" * 5_000, "+7", "--", "-0", "65535", "65536",
)  # fmt: skip
TEXTS = (
    "", " ", "x", "v-1~0", "v-1~", "~0", "a b~0", "v-1~99999999999999999999", "truck-7", "é", "\U0001f697",
    "\x00", "\n", "a\nb", "\t",
    "\x1b[31mred", "\ud800", "-", "--", "-h", "--help", "--json", "--yes", "=", "[bold]x[/bold]", "[/]", "%s",
    "{0}", "$HOME", "~",
    "2/117", "2/", "/2", "-1/-1", "2/117/3", "٢/٣", "9" * 400 + "/1", "URGENT", "urgent", "COMPLETED",
    "retries_exhausted", "all",
    "90s", "2h", "7d", "-1h", "0s", "999999999d", "1x", "max", "10x", "0x", "1e9x", "ndjson", "csv", "debug",
    "127.0.0.1:1", "nowhere:0",
    "[::1]:1", ":", "127.0.0.1:99999", "2026-01-31T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31",
    "2026-02-30", "x" * 5_000,
)  # fmt: skip
PLACES = (
    *FILES,
    ".",
    "..",
    "nowhere",
    "nowhere/else.csv",
    "new/folder/file",
    "./drive.csv",
    "drive.csv/x",
    "x" * 300,
    "out.json",
    "",
)
HANDLERS = (
    "diagnosis=json:loads", "diagnosis=my_agents:diagnose", "diagnosis=my_agents:number",
    "diagnosis=broken_agents:diagnose",
    "diagnosis=raising_agents:diagnose", "diagnosis=leaving_agents:x", "diagnosis=no_such:f",
    "diagnosis=.json:loads", "=", "x=y",
    "diagnosis=", "diagnosis=:", "diagnosis=json:", "diagnosis=json:loads.x", "diagnosis=..:x",
    "diagnosis=json.nope:x", "diagnosis",
    "DATA_ANALYSIS=json:loads", "diagnosis=json :loads", "diagnosis=\x00:x", "diagnosis=é:x",
    "diagnosis=json:__doc__", "a=b=c:d",
)  # fmt: skip
WORDS = (*AgentType, *Priority.__members__, *State, *Reason, "data-analysis", "diagnosis", "surgeon")


class CommandForm(NamedTuple):
    """One command: its words, its options (words, whether a value follows), and how many arguments it takes."""

    path: tuple[str, ...]
    options: tuple[tuple[str, bool], ...]
    arguments: int


@cache
def forms() -> tuple[CommandForm, ...]:
    """All commands there are, in the order of the help."""
    return tuple(_forms(typer.main.get_command(make_app()), ()))


def _forms(command: Any, path: tuple[str, ...]) -> Iterator[CommandForm]:
    """Any: Typer brings its own Click, without types for the commands' tree."""
    options = tuple(
        (name, not one.is_flag)
        for one in command.params
        if one.param_type_name == "option"
        for name in (*one.opts, *one.secondary_opts)
    )
    arguments = sum(one.param_type_name == "argument" for one in command.params)
    yield CommandForm(path, options, arguments)
    for name, inner in getattr(command, "commands", {}).items():
        yield from _forms(inner, (*path, name))


def arguments(rng: Random) -> list[str]:
    """One command line."""
    top, form = forms()[0], rng.choice(forms())
    words = _options(rng, top, rng.choice((0, 0, 0, 1, 2)))
    words += [*form.path, *_options(rng, form, rng.choice((0, 1, 2, 3, 5))) * (form is not top)]
    words += [_value(rng, "") for _ in range(form.arguments and rng.choice((0, 1, 1, 1, 2, 4)))]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        words = _changed(rng, words, form)
    return words


def _options(rng: Random, form: CommandForm, few: int) -> list[str]:
    words: list[str] = []
    for name, has_value in rng.choices(form.options, k=few) if form.options else ():
        if not has_value:
            words.append(name)
        elif rng.random() < 0.2 and name.startswith("--"):
            words.append(f"{name}={_value(rng, name)}")
        else:
            words += [name, _value(rng, name)]
    return words


def _value(rng: Random, option: str) -> str:
    if option == "--handler" and rng.random() < 0.9:
        return rng.choice(HANDLERS)
    words: tuple[str, ...] = rng.choice((NUMBERS, TEXTS, TEXTS, PLACES, WORDS))
    return rng.choice(words)


def _changed(rng: Random, words: list[str], form: CommandForm) -> list[str]:
    words = [*words]
    place = rng.randrange(len(words) + 1)
    draw = rng.random()
    if draw < 0.2 or not words:
        words.insert(place, _value(rng, ""))
    elif draw < 0.35:
        del words[place - 1]
    elif draw < 0.5:
        words.insert(place, rng.choice(words))
    elif draw < 0.6:
        rng.shuffle(words)
    elif draw < 0.7:
        words.insert(place, rng.choice([name for name, _ in form.options] or ["--nope"]))
    else:
        words[place - 1] = _misspelt(rng, words[place - 1])
    return words


def _misspelt(rng: Random, word: str) -> str:
    place = rng.randrange(len(word) + 1)
    other: str = rng.choice(
        (
            word[:place] + word[place + 1 :],
            word[:place] + rng.choice("-=x \x00é~:,") + word[place:],
            word.upper(),
            word * 2,
            "-" + word,
        )
    )
    return other
