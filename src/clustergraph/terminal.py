"""Text from elsewhere, made safe to show at a terminal, which obeys what it is shown."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["harmless"]

# Control characters but tab and line feed; and marks that change the order in which text is read.
_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Return a text with a replacement character for each that a terminal would obey.

    Source: ECMA-48, section 5; Unicode Technical Report 36, section 3.
    """
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", text)
