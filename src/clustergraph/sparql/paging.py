"""One page of an answer: a query whose rows have a fixed order, cut to some of them.

Rows that a query leaves in any order may come in another one each time, and a reader who turns
pages would see some twice and others never. So the order is made total first: by what the query
says, then by all its variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from clustergraph.sparql.lexer import depths, tokenise

__all__ = ["Page", "cut"]

_ENDINGS: Final = ("LIMIT", "OFFSET", "VALUES")


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are wanted.

    Attributes:
        number: from 1.
        size: rows on a page.
    """

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows stand on the pages before."""
        return (self.number - 1) * self.size

    def last(self, rows: int) -> int:
        """Return the number of the last page; an empty answer has one."""
        return max(-(-rows // self.size), 1)


def cut(text: str, variables: Sequence[str], page: Page) -> str:
    """Return a SELECT query that has the rows of one page of another's answer.

    Args:
        text: the other query, which is valid; its own LIMIT and OFFSET stay in force.
        variables: those that it projects, without question mark.
        page: which rows.
    """
    found = tokenise(text)
    outer = [token for token, depth in zip(found, depths(found), strict=True) if not depth]
    words = [token for token in outer if token.kind == "word"]
    ordered = any(word.is_word("ORDER") for word in words)
    # A solution modifier is behind the pattern.
    pattern_end = next((token.start for token in outer if token.text == "}"), len(text))
    ends = [w for w in words if w.text.upper() in _ENDINGS and w.start > pattern_end]
    end = min((word.start for word in ends), default=len(text))
    own = {
        word.text.upper(): (word.start, follower.end, int(follower.text))
        for word, follower in pairwise(outer)
        if word in ends and follower.kind == "number"
    }
    tail = text[end:]
    for start, stop, _ in sorted(own.values(), reverse=True):
        tail = tail[: start - end] + tail[stop - end :]
    keys = " ".join(f"?{name}" for name in variables)
    order = f"{' ' if ordered else ' ORDER BY '}{keys}" if keys else ""
    first, most = page.offset, page.size
    if "LIMIT" in own:
        most = max(min(most, own["LIMIT"][2] - first), 0)
    if "OFFSET" in own:
        first += own["OFFSET"][2]
    # On a line of its own, for the text before may end in a comment.
    return f"{text[:end]}\n{order}\nLIMIT {most} OFFSET {first}\n{tail}"
