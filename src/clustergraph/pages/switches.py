"""The switches of language and theme: links that set a cookie and lead back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from clustergraph.pages.words import LANGUAGES, THEMES
from clustergraph.protocol import Response

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["show"]

_KEPT_S: Final = 365 * 86_400
# A path on this host: a second slash or a backslash would name another one.
_LOCAL: Final = re.compile(r"/(?![/\\])[\x21-\x7e]*")


def show(visit: Visit) -> Response:
    """Set the cookies that the address asks for, and lead back to ``next``."""
    back = visit.parameter("next", "/")
    if not _LOCAL.fullmatch(back) or "\\" in back:
        back = "/"
    headers = [("Location", visit.root + back), ("Cache-Control", "no-store")]
    path = visit.root or "/"
    for name, key, known in (("lang", "lang", LANGUAGES), ("theme", "theme", (*THEMES, "auto"))):
        chosen = visit.parameter(key)
        if chosen in known:
            age = 0 if chosen == "auto" else _KEPT_S
            cookie = f"{name}={chosen}; Path={path}; Max-Age={age}; SameSite=Lax"
            headers.append(("Set-Cookie", cookie))
    return Response(303, headers)
