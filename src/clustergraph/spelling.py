"""How words are compared: without accents and case, and the order of the alphabet."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Letters that Unicode does not take apart into a letter and an accent.
_LETTERS: Final = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe",
        "ı": "i", "ħ": "h", "ŋ": "n", "ĸ": "k",
    }
)  # fmt: skip
# Czech letters that follow the letter before the mark; other accents do not count at first.
_AFTER: Final = "\U0010ffff"
_CZECH: Final = {"ch": "h", "č": "c", "ř": "r", "š": "s", "ž": "z"}
_CZECH_LETTER: Final = re.compile("|".join(_CZECH))
_WORD: Final = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Return a text in lower case and without accents: ``Łódź`` and ``Lodz`` become one."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    return "".join([letter for letter in apart if not unicodedata.combining(letter)])


def collation_key(text: str, language: str) -> tuple[str, str]:
    """Return what sorts texts as the alphabet of a language does.

    In Czech, č, ř, š and ž follow c, r, s and z, and ch follows h (ČSN 97 6030); elsewhere
    accents decide only between words that are the same without them.

    Args:
        text: a name or title.
        language: ``en`` or ``cs``.
    """
    lower = unicodedata.normalize("NFC", text.casefold())
    if language == "cs":
        spelt = _CZECH_LETTER.sub(lambda found: _CZECH[found[0]] + _AFTER, lower)
        return fold(spelt), lower
    return fold(lower), lower


def words(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return _WORD.findall(fold(text))
