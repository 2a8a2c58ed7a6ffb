"""Boundaries that an operator provides: what is read, and what is refused and how."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inprocess import visit

from clustergraph.errors import UnreadableInputError
from clustergraph.pages import europe, maps
from clustergraph.pages.words import Words
from clustergraph.protocol import Config, Context, Request
from clustergraph.quadstore import Engine

SQUARE = [[[14.0, 50.0], [15.0, 50.0], [15.0, 51.0], [14.0, 51.0], [14.0, 50.0]]]
ISLAND = [[[-15.6, 28.0], [-15.3, 28.0], [-15.3, 28.2], [-15.6, 28.2], [-15.6, 28.0]]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is read in a directory of the test."""
    monkeypatch.setenv("CLUSTERGRAPH_CACHE", str(tmp_path / "cache"))


def feature(code: Any = "CZ08", rings: Any = SQUARE, **more: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": rings}
    return {"type": "Feature", "properties": {"NUTS_ID": code}, "geometry": geometry} | more


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "regions.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_geojson_is_read(tmp_path: Path) -> None:
    """Regions have paths on the map; outermost ones on their insets."""
    path = written(tmp_path, collection(feature(), feature("ES70", ISLAND)))
    found = europe.shapes(europe.prepare(path))
    assert list(found) == ["CZ08", "ES70"]
    assert found["CZ08"].path.startswith("M")
    assert found["CZ08"].insets == {}
    assert found["ES70"].path == ""
    assert list(found["ES70"].insets) == ["Canarias"]


def test_same_content_is_read_once(tmp_path: Path) -> None:
    """What was read before is kept by its content."""
    path = written(tmp_path, collection(feature()))
    kept = europe.prepare(path)
    before = kept.stat().st_ino
    assert europe.prepare(path) == kept
    assert kept.stat().st_ino == before


def changed(**more: Any) -> dict[str, Any]:
    return collection(feature(**more))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no GeoJSON with regions"),
        ("[" * 100_000, "got `array`"),
        ('{"a":' * 100_000, "nested too deeply"),
        ({}, "missing required field `features`"),
        ({"type": ["FeatureCollection"]}, "Expected `str` - at `$.type`"),
        ({"type": "Feature"}, "Invalid value 'Feature' - at `$.type`"),
        (collection(), "it has no region"),
        ({"type": "FeatureCollection"}, "missing required field `features`"),
        (collection(7), "got `int` - at `$.features[0]`"),
        (collection(feature(), {"geometry": None}), "at `$.features[1].geometry`"),
        (changed(properties={}), "neither the property NUTS_ID nor an id - at `$.features[0]`"),
        (changed(properties=None), "has no NUTS code"),
        (changed(properties=[1]), "at `$.features[0].properties`"),
        (changed(code=8), "has no NUTS code"),
        (changed(code="../../etc"), "is no NUTS code, such as CZ08"),
        (changed(code="A" * 100_000), "is no NUTS code"),
        (collection(feature(), feature()), "CZ08 is given twice - at `$.features[1]`"),
        (changed(geometry={"type": "Polygon"}), "required field `coordinates`"),
        (changed(geometry={"type": "Point", "coordinates": [1, 2]}), "Invalid value 'Point'"),
        (changed(rings=[None]), "at `$.features[0].geometry.coordinates[0]`"),
        (changed(rings=[[[1]]]), "Expected `array` of length >= 2"),
        (changed(rings=[[["14", "50"]]]), "Expected `float`, got `str`"),
        (changed(rings=[[[float("nan"), 50]]]), "JSON is malformed"),
        (json.dumps(changed()).replace("14.0", "1e999"), "Number out of range"),
        (json.dumps(changed()).replace("14.0", "9" * 4000), "Number out of range"),
        (changed(rings=[[[4_321_000, 3_210_000]]]), "no longitude and latitude in degrees"),
    ],
)  # fmt: skip
def test_faults_are_told(tmp_path: Path, content: Any, reason: str) -> None:
    """Whatever is wrong is an error that names file, place and reason in a line."""
    path = written(tmp_path, content)
    with pytest.raises(UnreadableInputError) as caught:
        europe.prepare(path)
    message = str(caught.value)
    assert str(path) in message
    assert reason in message
    assert len(message) < 400
    assert not list((tmp_path / "cache").glob("regions/*"))


def test_large_file_is_not_read(tmp_path: Path) -> None:
    """A file above the limit is refused before it is read."""
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(europe.MOST_BYTES + 1)
    with pytest.raises(UnreadableInputError, match="64 MB"):
        europe.prepare(path)


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_missing_file_is_told(tmp_path: Path, name: str) -> None:
    """A file that is not there, or no file, is told."""
    with pytest.raises(UnreadableInputError):
        europe.prepare(tmp_path / name)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    """What is not UTF-8 is told."""
    path = tmp_path / "binary.json"
    path.write_bytes(b"\xff\xfe\x00" * 9)
    with pytest.raises(UnreadableInputError, match="no GeoJSON"):
        europe.prepare(path)


def test_regions_are_coloured(tmp_path: Path, shipped: Engine, show_shipped: Any) -> None:
    """With boundaries, the map of an activity colours the regions by their quotients."""
    kept = europe.prepare(written(tmp_path, collection(feature(), feature("CZ06", ISLAND))))
    config = Config(regions=kept)
    request = Request("GET", "/region", b"activity=24", {"accept": "text/html"}, b"")
    response = visit(request, Context(shipped.store, 1, config, engine=shipped))
    assert isinstance(response.body, bytes)
    html = response.body.decode()
    assert '<title>Moravia-Silesia: 7.58</title><path class="r4"' in html
    assert 'class="dot' not in html
    assert 'class="dot' in show_shipped("/region?activity=24").text


def test_region_without_value_is_not_zero() -> None:
    """A region that is drawn and has no value has the colour of no data."""
    square = "M1 1l2 0 0 2z"
    shapes = {code: europe.Shape(square) for code in ("CZ01", "CZ02")}
    names = {"CZ01": "One", "CZ02": "Two"}
    drawn: Callable[..., Any] = maps.draw
    picture = drawn(
        Words("en", "charts"), "m", "t", "d", shapes=shapes, values={"CZ01": 2.0}, names=names
    )
    assert "<title>One: 2</title>" in picture.body
    assert "<title>Two: no data</title>" in picture.body
    assert picture.legend[-1].style == "ru"
