"""The words of the pages, in each language, and how these languages write numbers and days."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "cs")
THEMES: Final = ("light", "dark")

_TEXTS: Final = Path(__file__).parent / "texts"
# Group separator (a narrow space that does not break) and decimal mark.
_MARKS: Final = {"en": (",", "."), "cs": ("\N{NO-BREAK SPACE}", ",")}
_MONTHS: Final = {
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    "cs": (
        "ledna", "února", "března", "dubna", "května", "června", "července", "srpna", "září",
        "října", "listopadu", "prosince",
    ),
}  # fmt: skip


class Words:
    """The words of one page in one language; called with a key, it returns the text.

    A text with ``{name}`` takes a value of that name. One that differs by a number ``n`` is a list:
    one, several (English); one, two to four, more (Czech).

    Args:
        language: ``en`` or ``cs``.
        name: whose words: ``texts/NAME.toml``; those of the frame are always there.
    """

    def __init__(self, language: str, name: str) -> None:
        self.language = language
        self._known = (_load(name), _load("frame"))

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return the text of a key, with values filled in."""
        for known in self._known:
            if key in known:
                text = known[key][self.language]
                break
        else:
            raise KeyError(f"no words for {key!r}")
        if isinstance(text, list):
            text = text[self._form(values["n"], len(text))]
        return (
            str(text).format(
                **{
                    name: self.number(value) if isinstance(value, int | float | Decimal) else value
                    for name, value in values.items()
                }
            )
            if values
            else str(text)
        )

    def has(self, key: str) -> bool:
        """Say whether there is a text of that key."""
        return any(key in known for known in self._known)

    def value(self, text: str, otherwise: str) -> str:
        """Return what a value of a table is called; ``otherwise`` where there is no text for it."""
        return self(f"value-{text}") if self.has(f"value-{text}") else otherwise

    def own(self) -> dict[str, str | list[str]]:
        """Return the page's own texts by key, for scripts; those that differ by number as lists."""
        return {key: text[self.language] for key, text in self._known[0].items()}

    def counted(self, n: int, forms: Sequence[str]) -> str:
        """Return a number with the form of a word that fits it: see the class."""
        return f"{self.number(n)} {forms[self._form(n, len(forms))]}"

    def _form(self, n: float, forms: int) -> int:
        if n == 1:
            return 0
        if self.language == "cs" and 2 <= n <= 4 and n == int(n):
            return 1
        return forms - 1

    def number(self, value: float | Decimal | None) -> str:
        """Return a number as the language writes it; nothing for None."""
        if value is None:
            return ""
        group, mark = _MARKS[self.language]
        text = f"{value:,}" if isinstance(value, int) else f"{Decimal(str(value)).normalize():,f}"
        return text.translate({ord(","): group, ord("."): mark}).replace("-", "\N{MINUS SIGN}")

    def day(self, written: str | float | None) -> str:
        """Return a day as people write it: from seconds since 1970, or a date of XML Schema."""
        if written is None or written == "":
            return ""
        if not isinstance(written, str):
            written = time.strftime("%Y-%m-%d", time.gmtime(written))
        parts = written.rstrip("Z").split("-")
        try:
            year, *rest = (int(part) for part in parts[:3])
            month = _MONTHS[self.language][rest[0] - 1] if rest else ""
        except (ValueError, IndexError):
            return written
        if len(rest) < 2:
            # The month alone stands in the nominative, which Czech writes as a number.
            return (
                f"{rest[0]}/{year}" if rest and self.language == "cs" else f"{month} {year}".strip()
            )
        if self.language == "cs":
            return f"{rest[1]}. {month} {year}"
        return f"{rest[1]} {month} {year}"


@cache
def _load(name: str) -> dict[str, dict[str, Any]]:
    path = _TEXTS / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
