"""The settings of the service: declared once, documented, and taken from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from clustergraph.cli import cli
from clustergraph.http.options import documentation, settings

SERVICE = Path(__file__).parents[2] / "docs" / "service.md"


def test_documentation_has_every_setting() -> None:
    """The table in docs/service.md is what the declarations give."""
    assert SERVICE.read_text(encoding="utf-8").endswith(documentation())


def test_settings_have_names_of_their_own() -> None:
    """No two settings share an option or a variable."""
    found = settings()
    assert len({one.option for one in found}) == len({one.variable for one in found}) == len(found)
    assert all(one.help.endswith(".") for one in found)


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        ((), {"CLUSTERGRAPH_PORT": "70000"}, "70000"),
        (("--bare",), {}, "--bare makes a new graph"),
        ((), {"CLUSTERGRAPH_TOKEN": "short"}, "at least 16 characters"),
        ((), {"CLUSTERGRAPH_METRICS_TOKEN": "short"}, "at least 16 characters"),
        (("--public-address", "ftp://x"), {}, "ftp://x"),
        (("--shapes", "/nowhere/at/all"), {}, "/nowhere/at/all"),
        ((), {"CLUSTERGRAPH_UPDATE_ADDRESS": "http://x/"}, "another server"),
        (("--contact", "nobody"), {}, "an e-mail address such as"),
        (("--contact", "a@b.cz?bcc=c@d.cz"), {}, "an e-mail address such as"),
        (("--report-address", "javascript:alert(1)"), {}, "a web address such as"),
        (("--report-address", "https://x.example/?t={name}"), {}, "{title}, {body}, {thing}"),
        (("--legal-file", "/nowhere/at/all"), {}, "/nowhere/at/all"),
    ],
)
def test_wrong_settings_are_usage_errors(
    arguments: tuple[str, ...], variables: dict[str, str], words: str, monkeypatch: Any
) -> None:
    """What does not fit is told before anything starts, wherever it was given."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(cli, ["serve", *arguments])
    assert result.exit_code != 0
    assert words in result.output + str(result.exception)
