"""Texts brought to one form, and told apart although a letter is wrong."""

import re
import unicodedata

UMLAUTS = str.maketrans({"ø": "o", "æ": "a", "œ": "o"})
DIGRAPH = re.compile("(?<=[aou])e")
"""Of an umlaut that is written out, as in ``Kuehler``; ``fuel`` loses its e as well, in texts and vocabulary alike."""
CLAUSE = re.compile(r"[,;!?\n\r]+|(?<=\w\w)\.(?=\s|$)|\s[-\u2013\u2014]+\s")
"""What ends a clause. The full stops of ``i.O.`` do not."""
MIN_NEAR = 6
"""Letters from which on a word may have one mistake: there is too little between shorter ones."""
ENDINGS = ("s", "n", "en", "es")
"""Of a plural."""


def folded(text: str) -> str:
    """Words of plain small letters and digits with one space between: no accents, hyphens or punctuation.

    Folding twice is the same as folding once.
    """
    plain = unicodedata.normalize("NFKD", text.casefold().translate(UMLAUTS)).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    previous = ""
    while previous != plain:
        previous, plain = plain, DIGRAPH.sub("", plain)
    return " ".join(re.findall(r"[^\W_]+", plain))


def clauses(text: str) -> list[list[str]]:
    """The folded words of each clause that has any."""
    words = [folded(clause).split() for clause in CLAUSE.split(text)]
    return [clause for clause in words if clause]


def is_near(one: str, other: str) -> bool:
    """Whether a single letter is missing, too many, wrong, or has changed places with the next one."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return len(one) + len(other) <= 1 or len(one) == len(other) == 1 or (len(one) == 2 and one == other[::-1])


def singulars(joined: str) -> list[str]:
    """The word, and what it may be the plural of."""
    return [joined, *(joined.removesuffix(ending) for ending in ENDINGS if joined.endswith(ending))]
