"""What the words of a search mean: values of facets in any grammatical form, and words to look for.

``textilní klastry na Slovensku`` asks for cluster organisations in Slovakia that work in textiles.
Names of values, in English and Czech, and what ``data/search.toml`` adds to them are compared by
their stems.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from clustergraph.spelling import fold, words

_DATA: Final = Path(__file__).parent / "data" / "search.toml"
_LEAST_STEM: Final = 3
# Before an ending, Czech changes these consonants.
_SOFTENED: Final = {"ck": "k", "c": "k", "z": "h"}
_LEAST_ALIKE: Final = 6
_MOST_REST: Final = 3
_LEAST_COMMON: Final = 7
_LONGEST: Final = 5
# Values of these facets often have names of several parts, each of which is one.
_COMPOSED: Final = ("ecosystem", "sector")
_PARTS: Final = re.compile(r",|&|/|\(|\)| - | – | and | a ")
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Filter:
    """Words that name values of facets.

    Attributes:
        words: as written.
        values: facets and values, of which one has to fit.
        without: the other words of the search.
    """

    words: str
    values: tuple[tuple[str, str], ...]
    without: str = ""


@dataclass(slots=True)
class Meaning:
    """What the words of a search mean.

    Attributes:
        filters: what narrows the search.
        rest: words to look for, folded.
        significant: all words but those without a meaning of their own, folded.
        telling: those of them that name more than a kind of thing.
        defined: the stems of the term whose definition is asked for; empty: none is.
    """

    filters: list[Filter] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    significant: list[str] = field(default_factory=list)
    telling: list[str] = field(default_factory=list)
    defined: tuple[str, ...] = ()


class Vocabulary:
    """The names of all values of facets, by stem.

    Args:
        names: facet, value and a name of it, for each name.
        terms: names of terms; what is part of a longer one is no value.
    """

    def __init__(self, names: Iterable[tuple[str, str, str]], terms: Iterable[str] = ()) -> None:
        data = _data()
        known: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
        values = set()
        for facet, value, name in names:
            values.add((facet, value))
            for part in _PARTS.split(fold(name)) if facet in _COMPOSED else (name,):
                found = stems(part)
                short = tuple(one for one in found if one not in data["general"])
                known[found].add((facet, value))
                known[short].add((facet, value))
        for facet, entries in data["names"].items():
            for value, others in entries.items():
                if (facet, value) in values:
                    for key in map(stems, others):
                        if facet == "kind":
                            # "cluster" means the organisation, not the kind of that name.
                            known[key] = {one for one in known[key] if one[0] != facet}
                        known[key].add((facet, value))
        for term in terms:
            if len(phrase := stems(term)) > 1:
                known.setdefault(phrase, set())
        known.pop((), None)
        self._known = dict(known)
        self._by_first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for phrase in self._known:
            self._by_first[phrase[0][:2]].append(phrase)

    def understand(self, text: str) -> Meaning:
        """Return what the words of a search mean."""
        data = _data()
        meaning = Meaning()
        text = text.strip().rstrip("?")
        asked = data["asking"].match(text)
        bare = [word.strip(",;()") for word in text[asked.end() if asked else 0 :].split()]
        written = _WORD.findall(" ".join(word for word in bare if not _is_legal_form(word)))
        kept = [
            word
            for word in written
            if fold(word) not in data["ignored"] and (len(word) > 1 or word.isdigit())
        ] or written
        place = 0
        while place < len(kept):
            for end in range(min(len(kept), place + _LONGEST), place, -1):
                phrase = " ".join(kept[place:end])
                values = self._values(found := stems(phrase))
                if values:
                    without = " ".join((*kept[:place], *kept[end:]))
                    meaning.filters.append(Filter(phrase, values, without))
                elif found in self._known or end == place + 1:
                    meaning.rest += words(phrase)
                else:
                    continue
                if not values or any(facet != "kind" for facet, _ in values):
                    meaning.telling += words(phrase)
                place = end
                break
        meaning.significant = [one for word in kept for one in words(word)]
        if asked or len(kept) <= _LONGEST:
            meaning.defined = stems(" ".join(kept))
        return meaning

    def _values(self, wanted: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        if not wanted:
            return ()
        if wanted in self._known:
            return tuple(sorted(self._known[wanted]))
        found = {
            value
            for phrase in self._by_first[wanted[0][:2]]
            if len(phrase) == len(wanted) and all(map(alike, phrase, wanted))
            for value in self._known[phrase]
        }
        return tuple(sorted(found))


def stem(word: str) -> str:
    """Return what a folded word has in common with its other forms, in English or Czech."""
    for ending in _data()["endings"]:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            word = word.removesuffix(ending)
            break
    for soft, hard in _SOFTENED.items():
        if word.endswith(soft) and len(word) > _LEAST_STEM:
            return word.removesuffix(soft) + hard
    return word


def stems(text: str) -> tuple[str, ...]:
    """Return the stems of a text's words."""
    return tuple(map(stem, words(text)))


def alike(one: str, other: str) -> bool:
    """Say whether two stems are those of related words: ``textil`` and ``textiln``."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    pairs = enumerate(zip(short, long, strict=False))
    common = next((at for at, (a, b) in pairs if a != b), len(short))
    if common == len(short) >= _LEAST_ALIKE and len(long) - common <= _MOST_REST:
        return True
    return common >= _LEAST_COMMON and len(long) - common <= _MOST_REST + 1


def _is_legal_form(word: str) -> bool:
    """Say whether a word is what kind of legal person something is, as written or with dots."""
    forms = _data()["forms"]
    return word in forms or ("." in word and fold(word).replace(".", "") in forms.values())


@cache
def _data() -> dict[str, Any]:
    data = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    starts = "|".join(map(re.escape, data.pop("definitions")))
    return {
        "ignored": frozenset(words(data.pop("ignored"))),
        "forms": {form: fold(form).replace(".", "") for form in data.pop("forms").split()},
        "asking": re.compile(rf"(?:{starts})\s+(?=\S)", re.IGNORECASE),
        "general": frozenset(data.pop("general").split()),
        "endings": sorted(data.pop("endings").split(), key=len, reverse=True),
        "names": data,
    }
