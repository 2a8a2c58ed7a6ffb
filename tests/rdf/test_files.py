"""RDF files: what is refused before a parser sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clustergraph.cli import main

HEAD = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'
BODY = (
    f'{HEAD}<rdf:Description rdf:about="http://e/a"><e:p>&last;</e:p></rdf:Description></rdf:RDF>'
)
NESTED = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))


@pytest.mark.parametrize(
    "declared",
    [
        f'<!ENTITY e0 "aaaaaaaaaa">{NESTED}<!ENTITY last "&e11;">',
        f'<!ENTITY last "{"a" * 100_000}">',
        '<!ENTITY last SYSTEM "file:///etc/passwd">',
    ],
    ids=["nested", "long", "from elsewhere"],
)
@pytest.mark.parametrize("command", [["validate"], ["load", "store"]])
def test_growing_entities_are_refused(
    declared: str,
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An RDF/XML file whose entities may grow is unreadable input, not the end of the memory."""
    monkeypatch.chdir(tmp_path)
    Path("bomb.rdf").write_text(f"<!DOCTYPE r [{declared}]>{BODY}", encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main([*command, "bomb.rdf"])
    assert end.value.code == 2
    assert "entit" in capsys.readouterr().err
