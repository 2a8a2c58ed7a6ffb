"""Where the files of a group of tables lie, and which metadata document describes a table.

Nothing is ever fetched: a URL is a name for a file below one directory, or it is refused.

Source: Model for Tabular Data, section 5 (locating metadata).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from clustergraph.errors import ClusterGraphError

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class FileAccessError(ClusterGraphError):
    """A file that is not there, or a URL that names none below the directory."""


class Files:
    """The files below one directory, by URL.

    Args:
        root: the directory.
        base: the URL that stands for it, ending in ``/``; by default its ``file:`` URL.
        templates: where metadata of a table at ``{+url}`` may lie (the content of a site's
            ``.well-known/csvm``); by default the two places that the recommendation names.
    """

    def __init__(
        self,
        root: Path,
        base: str | None = None,
        templates: Sequence[str] = ("{+url}-metadata.json", "csv-metadata.json"),
    ) -> None:
        # Without `..`, which URLs resolve and paths keep.
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 - resolve() would follow links
        self.templates = tuple(templates)
        self.base = base or self.root.as_uri().rstrip("/") + "/"

    def url(self, path: Path) -> str:
        """Return the URL of a file below the directory.

        Raises:
            FileAccessError: it lies elsewhere.
        """
        try:
            absolute = Path(os.path.abspath(path))  # noqa: PTH100 - see `root`
            relative = absolute.relative_to(self.root)
        except ValueError as error:
            raise FileAccessError(f"{path} does not lie below {self.root}") from error
        return urljoin(self.base, _quote(relative.as_posix()))

    def path(self, url: str) -> Path:
        """Return the path of the file that ``url`` names, whether it exists or not.

        Raises:
            FileAccessError: the URL leads out of the directory.
        """
        plain = url.partition("#")[0].partition("?")[0]
        if not plain.startswith(self.base):
            raise FileAccessError(f"{url} is not below {self.base}, and nothing is fetched")
        relative = unquote(plain[len(self.base) :])
        path = self.root / relative
        if ".." in path.parts[len(self.root.parts) :] or relative.startswith("/"):
            raise FileAccessError(f"{url} leads out of {self.root}")
        return path

    def exists(self, url: str) -> bool:
        """Say whether ``url`` names an existing file."""
        try:
            return self.path(url).is_file()
        except FileAccessError:
            return False

    def read(self, url: str) -> bytes:
        """Return the content of a file.

        Raises:
            FileAccessError: there is none, or it cannot be read.
        """
        path = self.path(url)
        try:
            return path.read_bytes()
        except OSError as error:
            raise FileAccessError(
                f"{path.name} cannot be read: {error.strerror or error}"
            ) from error


def metadata_locations(url: str, files: Files) -> Iterator[str]:
    """Yield where the metadata of the table at ``url`` may lie, the nearest first (5.3)."""
    plain = url.partition("#")[0]
    for template in files.templates:
        location = urljoin(plain, template.replace("{+url}", plain))
        if "?" not in location:  # no file has a query, whatever the table's URL has
            yield location


def normalise_url(url: str) -> str:
    """Return ``url`` in the form by which two URLs are compared (section 6.3, RFC 3986 6.2)."""
    parts = urlsplit(url.partition("#")[0])
    path = urlsplit(urljoin(url, parts.path or "/")).path
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme.lower(), ""))
    return urlunsplit((parts.scheme.lower(), host, _quote(unquote(path)), parts.query, ""))


def table_name(url: str) -> str:
    """Return the name of a table: the stem of its file."""
    return Path(unquote(urlsplit(url).path)).stem


def _quote(path: str) -> str:
    return quote(path, safe="/:@!$&'()*+,;=~")
