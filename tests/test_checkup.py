"""``clustergraph check``: every kind of check, in every format, with its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clustergraph import artefacts, dataset
from clustergraph.cli import checkup, main
from clustergraph.csvw import CellFault, Place
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue

PLACES = artefacts.room("data") / "places.csv"


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["check", *arguments])
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


def test_bad_cells_stop_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bad cell is a finding at its cell; what needs the graph is not tried, and that is said."""
    place = Place(PLACES, row=2, column="label", number=2)
    fault = CellFault(place, "x", "Not so.", "datatype")
    monkeypatch.setattr(dataset, "check_tables", lambda: [fault])
    code, out, err = check(capsys, "--format", "json")
    assert code == 1
    (finding,) = json.loads(out)["findings"]
    assert Path(finding["file"]).resolve() == PLACES
    assert (finding["line"], finding["column"]) == (2, 2)
    assert finding["shape"].endswith("checks#cell-datatype")
    assert err.splitlines()[0].startswith("tables     1 to mend (")
    assert "mend the tables first" in err


def test_rows_of_a_check_are_findings_at_their_thing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shipped: Engine
) -> None:
    """Each row of a check is a finding, at the row of the table that describes its thing."""
    text = (
        "#+ summary: A place is no place\n"
        "SELECT ?thing ?what ?graph { BIND(id:place\\/at-graz AS ?thing) BIND('so' AS ?what) }"
    )
    question = catalogue.read(text, Path("bad-place.rq"))
    monkeypatch.setattr(checkup, "_catalogue", lambda kind: [question])
    code, out, err = check(capsys, "--only", "checks", "--format", "github")
    assert code == 1
    assert "1 to mend (1 checks" in err
    row = 1 + next(
        number
        for number, line in enumerate(PLACES.read_text(encoding="utf-8").splitlines())
        if line.startswith("place/at-graz,")
    )
    assert "/places.csv," in out
    assert f"line={row}::" in out
    assert "A place is no place" in out


def test_answers_keep_the_invariants(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shipped: Engine
) -> None:
    """A question that answers soundly is well; one without an answer is a finding at its file."""
    monkeypatch.setattr(checkup, "_catalogue", lambda kind: [catalogue.find("label-levels")])
    code, _, err = check(capsys, "--only", "questions")
    assert code == 0
    assert err.startswith("questions  well (1 questions, ")
    text = "#+ summary: x\nSELECT ?x { ?x a cg:Unheard }"
    question = catalogue.read(text, Path("queries/cq/empty.rq"))
    monkeypatch.setattr(checkup, "_catalogue", lambda kind: [question])
    code, out, _ = check(capsys, "--only", "questions")
    assert code == 1
    assert "there is no row" in out
    assert "queries/cq/empty.rq" in out


@pytest.mark.full
def test_the_shipped_copy_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """The repository passes all that it asks of others."""
    code, _, err = check(capsys)
    assert code == 0
    assert [line.split()[0] for line in err.splitlines()] == list(checkup.STEPS)
