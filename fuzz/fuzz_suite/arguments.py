"""The run over command lines: every command with options that do not fit, in a sandbox where no Kafka answers."""

from random import Random

import msgspec

from fuzz_suite.argument_words import FILES, arguments, forms
from fuzz_suite.findings import FindingsLog, ShardTally
from fuzz_suite.sandbox import Sandbox, judge, sandbox

SHARD = 500
TIDIED_EVERY = 50
"""Command lines between two tidyings of the working folder."""


class ArgumentsCase(msgspec.Struct, frozen=True):
    """A command line; each word in UTF-8 with lone surrogates."""

    words: tuple[bytes, ...]


def shard(seed: int, index: int, count: int) -> ShardTally:
    """One shard of a run."""
    rng, tally = Random(f"arguments/{seed}/{index}"), ShardTally()
    findings = FindingsLog("arguments", tally)
    with sandbox() as box:
        for number in range(count):
            if number % TIDIED_EVERY == 0:
                _lay_out(box)
            words = arguments(rng)
            with findings.watching(ArgumentsCase(tuple(word.encode(errors="surrogatepass") for word in words))):
                tally.counts[_ending(box, words)] += 1
    return tally


def replay(case: bytes) -> str:
    """A saved command line again."""
    given = msgspec.json.decode(case, type=ArgumentsCase)
    with sandbox() as box:
        _lay_out(box)
        return _ending(box, [word.decode(errors="surrogatepass") for word in given.words])


def _lay_out(box: Sandbox) -> None:
    box.fresh()
    for name, content in FILES.items():
        (box.home / name).write_bytes(content)


def _ending(box: Sandbox, words: list[str]) -> str:
    invoked = box.invoke(words)
    judge(invoked)
    command = next(
        (" ".join(form.path) for form in reversed(forms()) if form.path and _names(words, form.path)), "none"
    )
    return f"exit_{invoked.code}.{command}"


def _names(words: list[str], path: tuple[str, ...]) -> bool:
    return any(tuple(words[at : at + len(path)]) == path for at in range(len(words)))
