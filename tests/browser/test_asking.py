"""The query page and the ready questions, used by keyboard and by mouse."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

PER_COUNTRY = """SELECT ?country ?name (COUNT(?x) AS ?n) {
  ?x a cg:ClusterOrganisation ; cg:country ?country . ?country skos:prefLabel ?name
  FILTER(LANG(?name) = "en")
} GROUP BY ?country ?name ORDER BY DESC(?n) ?name"""
BY_YEAR = """SELECT ?year (COUNT(?x) AS ?n) { ?x cg:foundingYear ?year }
GROUP BY ?year ORDER BY ?year"""
GRID = """SELECT ?name ?ecosystem (COUNT(?x) AS ?n) {
  ?x cg:country/skos:prefLabel ?name ; cg:ecosystem/rdfs:label ?ecosystem
  FILTER(LANG(?name) = "en" && LANG(?ecosystem) = "en")
} GROUP BY ?name ?ecosystem ORDER BY ?name ?ecosystem"""
FIGURES = "SELECT ?value { ?figure cg:value ?value } ORDER BY ?figure ?value"


def address(query: str, view: str = "", **more: object) -> str:
    return f"/query?{urlencode({'query': query, **more})}" + (f"#{view}" if view else "")


def write(page: Any, text: str) -> None:
    """Replace what the editor holds, by keyboard."""
    page.get_by_role("textbox", name=re.compile("SPARQL")).focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def accept(page: Any) -> None:
    """Take what is offered; the editor ignores keys that come sooner than a person's would."""
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")


def test_completion(visit: Callable[..., Any]) -> None:
    """A query is written, completed and asked without a mouse and without leaving the page."""
    visitor = visit()
    visitor.go("/query")
    page = visitor.page
    page.evaluate("window.stayed = true")
    chosen = page.locator(".cm-tooltip-autocomplete li[aria-selected]")
    write(page, "SELECT ?x { ?x a clusterorg")
    chosen.get_by_text("cg:ClusterOrganisation").wait_for()
    # Label and count stand beside the term.
    assert re.search(r"cluster organisation · [\d,]+×", chosen.inner_text())
    accept(page)
    page.keyboard.type(" ; coun")
    chosen.get_by_text("cg:country", exact=True).wait_for()
    accept(page)
    page.keyboard.type(" czech")
    page.locator(".cm-tooltip-autocomplete li", has_text="Czechia").first.wait_for()
    # What the property leads to elsewhere comes first.
    assert "Czechia" in chosen.inner_text()
    accept(page)
    page.keyboard.type(" ")
    page.keyboard.press("Control+Enter")
    page.locator("table.result").wait_for()
    assert "cg:country country:CZ" in page.locator("#query").input_value()
    assert "cg%3AClusterOrganisation" in page.url
    said = page.locator("#results .outcome").inner_text()
    assert re.match(r"\d+ rows\s+in ", said)
    # Whoever hears the page is told as well.
    assert page.get_by_role("status").filter(has_text="rows").count() == 1
    assert page.evaluate("window.stayed")
    page.get_by_role("link", name="cluster-organisation:clutex").wait_for()


def test_objects_fit_the_property(visit: Callable[..., Any]) -> None:
    """An object is completed by what the range of its property has, from the first letter."""
    visitor = visit()
    visitor.go("/query")
    page = visitor.page
    offered = page.locator(".cm-tooltip-autocomplete li")
    write(page, "SELECT ?x { ?x cg:ecosystem t")
    offered.get_by_text("Textiles").first.wait_for()
    assert all("ecosystem ·" in one for one in offered.all_inner_texts() if "·" in one)


def test_names_are_explained(visit: Callable[..., Any]) -> None:
    """Whoever points at a name reads what it means: label and definition."""
    visitor = visit(viewport={"width": 1280, "height": 900})
    visitor.go(address("SELECT ?x { ?x a\ncg:ClusterOrganisation ; cg:country\ncountry:CZ }"))
    page = visitor.page
    lines = page.locator(".cm-line")
    lines.nth(1).hover(position={"x": 60, "y": 8})
    page.locator(".cm-tooltip-hover").get_by_text("cluster organisation", exact=True).wait_for()
    assert len(page.locator(".cm-tooltip-hover div div").last.inner_text()) > 40
    page.mouse.move(5, 5)
    lines.nth(2).hover(position={"x": 40, "y": 8})
    page.locator(".cm-tooltip-hover").get_by_text("Czechia").wait_for()


def test_warning_is_no_error(visit: Callable[..., Any]) -> None:
    """A term that the graph does not know is a warning; the query is well-formed."""
    visitor = visit()
    visitor.go(address("SELECT ?x { ?x a cg:ClusterOrganization }"))
    page = visitor.page
    page.locator(".cm-lintRange-warning").wait_for()
    assert "did you mean cg:ClusterOrganisation" in page.locator("#syntax").inner_text()
    assert page.locator(".cm-lintRange-error, #syntax.wrong").count() == 0


def test_link_names_the_data_version(visit: Callable[..., Any]) -> None:
    """A result has a link with the data version; opened with other data, it says so."""
    visitor = visit()
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.go(address("ASK {}"))
    page = visitor.page
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("status").get_by_text("Copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"/query\?query=ASK.*&version=1$", link)
    page.goto(link)
    assert page.get_by_text("made with data version").count() == 0
    page.goto(link.replace("version=1", "version=99"))
    assert page.get_by_text("made with data version 99").is_visible()


def test_query_is_saved(visit: Callable[..., Any]) -> None:
    """A query is saved as a file that says where it was asked, and of which data."""
    visitor = visit()
    visitor.go(address("ASK {}"))
    with visitor.page.expect_download() as caught:
        visitor.page.get_by_role("button", name="Save query").click()
    text = caught.value.path().read_text(encoding="utf-8")
    assert re.match(r"# http://.*query=ASK.*\n# Data version 1 of .*\n\nASK \{\}", text)


def test_variables_are_completed(visit: Callable[..., Any]) -> None:
    """Variables that the query has already are offered."""
    visitor = visit()
    visitor.go("/query")
    write(visitor.page, "SELECT * { ?organisation a ?kind FILTER(?org")
    offered = visitor.page.locator(".cm-tooltip-autocomplete li")
    offered.get_by_text("?organisation").wait_for()
    assert offered.count() == 1


def test_tab_leaves_the_editor(visit: Callable[..., Any]) -> None:
    """Tab goes on to the next button and Shift+Tab comes back, without a tab in the query."""
    visitor = visit()
    visitor.go("/query")
    page = visitor.page
    write(page, "ASK {}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Run query"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.className") == "editor"
    assert page.locator("#query").input_value() == "ASK {}"


def test_fault_is_shown_where_it_is(visit: Callable[..., Any]) -> None:
    """What the server's parser finds is marked in the text while one writes, and when one asks."""
    visitor = visit()
    visitor.go("/query")
    page = visitor.page
    write(page, "SELECT ?x {\n?x a cg:Cluster ;; nonsense")
    page.locator(".cm-lintRange-error").wait_for()
    page.get_by_text(re.compile(r"line 2, column \d+")).first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "line 2" in alert.inner_text()
    assert page.locator(".cm-lintRange-error").count() == 1
    # A wrong query is answered with 400, which the browser notes on its console.
    assert [text for text in visitor.wrong if "400" not in text] == []
    visitor.wrong.clear()


def test_long_query_can_be_stopped(visit: Callable[..., Any]) -> None:
    """Whoever does not want to wait stops the query, and the page is there for the next."""
    visitor = visit()
    visitor.go("/query")
    page = visitor.page
    write(page, "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i ")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Stop").click()
    page.locator("#results").get_by_text("Stopped.").wait_for()
    write(page, "ASK {}")
    page.keyboard.press("Control+Enter")
    page.locator("#results").get_by_text("Yes").wait_for()


def test_terms_are_put_in(visit: Callable[..., Any]) -> None:
    """A click in the list of classes writes the name into the query; prefixes are written out."""
    visitor = visit()
    visitor.go("/query")
    page = visitor.page
    write(page, "SELECT ?x { ?x a ")
    page.get_by_text("Classes", exact=True).click()
    page.get_by_role("link", name="cg:Eurocluster", exact=True).click()
    page.keyboard.type("}")
    assert page.locator("#query").input_value() == "SELECT ?x { ?x a cg:Eurocluster }"
    page.get_by_role("button", name="Add prefixes").click()
    text = page.locator("#query").input_value()
    assert text.startswith("PREFIX cg: <https://w3id.org/clustergraph/ns#>\nSELECT")


@pytest.mark.parametrize(
    ("query", "kind", "shapes"),
    [
        (PER_COUNTRY, "bar", "g[data-mark=bar] rect"),
        (BY_YEAR, "line", "g[data-mark=line] path"),
        pytest.param(BY_YEAR, "dot", "g[data-mark=dot] circle", marks=pytest.mark.full),
        (GRID, "heat", "g[data-mark=cell] rect"),
        pytest.param(FIGURES, "histogram", "g[data-mark=rect] rect", marks=pytest.mark.full),
    ],
)
def test_plot(query: str, kind: str, shapes: str, visit: Callable[..., Any]) -> None:
    """Each kind of plot is drawn, with a title and a description for whoever does not see it."""
    visitor = visit()
    visitor.go(address(query, "plot"))
    page = visitor.page
    page.get_by_label("Marks").select_option(kind)
    page.locator(f"svg.plotted {shapes}").first.wait_for()
    picture = page.locator("svg.plotted[role=img]")
    assert picture.locator("> title").text_content()
    assert picture.locator("> desc").text_content()
    assert page.locator("figcaption").inner_text()


def test_plot_is_chosen_by_shape(visit: Callable[..., Any]) -> None:
    """Names and numbers become bars, two lists of names and a number a heat map."""
    visitor = visit()
    visitor.go(address(GRID, "plot"))
    assert visitor.page.get_by_label("Marks").input_value() == "heat"
    visitor.go(address(PER_COUNTRY, "plot"))
    visitor.page.reload()
    assert visitor.page.get_by_label("Marks").input_value() == "bar"


def test_line_has_gaps(visit: Callable[..., Any]) -> None:
    """A year without a value interrupts the line."""
    visitor = visit()
    rows = " ".join(f"({year} {year % 7})" for year in (2010, 2011, 2012, 2016, 2017))
    text = f"SELECT ?year ?n {{ VALUES (?year ?n) {{ {rows} }} }}"
    visitor.go(address(text, "plot"))
    visitor.page.get_by_label("Marks").select_option("line")
    line = visitor.page.locator("g[data-mark=line] path")
    line.wait_for()
    assert line.get_attribute("d").count("M") == 2


def test_bars_are_not_stacked(visit: Callable[..., Any]) -> None:
    """Two amounts of one name are two bars: nothing says that they may be added."""
    visitor = visit()
    text = 'SELECT ?name ?n { VALUES (?name ?n) { ("a" 3) ("a" 4) ("b" 5) } }'
    visitor.go(address(text, "plot"))
    bars = visitor.page.locator("g[data-mark=bar] rect")
    bars.first.wait_for()
    places = bars.evaluate_all(
        "all => all.map((one) => [one.getAttribute('x'), one.getAttribute('y')])"
    )
    assert len(places) == 3
    assert len({y for _, y in places}) == 3
    assert len({x for x, _ in places}) == 1


def test_currencies_have_no_axis_in_common(visit: Callable[..., Any]) -> None:
    """Crowns are not drawn on the axis of euros."""
    visitor = visit()
    text = (
        'SELECT ?name ?n ?currency { VALUES (?name ?n ?currency) { ("a" 3 "CZK") ("b" 4 "EUR") } }'
    )
    visitor.go(address(text, "plot"))
    notice = visitor.page.locator("#view-plot .notice")
    notice.wait_for()
    assert "CZK, EUR" in notice.inner_text()


def test_picture_is_saved_as_png(visit: Callable[..., Any]) -> None:
    """A picture of a page, and a plot, are saved as PNG at twice their size."""
    visitor = visit()
    page = visitor.page
    visitor.go("/region/CZ08")
    with page.expect_download() as caught:
        page.get_by_role("button", name="PNG").first.click()
    assert caught.value.suggested_filename == "specialisation.png"
    assert png_size(caught.value.path())[0] == 2 * (640 + 2 * 16)
    visitor.go(address(PER_COUNTRY, "plot"))
    with page.expect_download() as caught:
        page.locator("#view-plot").get_by_role("button", name="PNG").click()
    assert png_size(caught.value.path())[0] > 500
    with page.expect_download() as caught:
        page.locator("#view-plot").get_by_role("button", name="SVG").click()
    assert "var(--" not in caught.value.path().read_text(encoding="utf-8")


def png_size(path: Any) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def test_heat_map_is_sorted(visit: Callable[..., Any]) -> None:
    """The rows and columns of a heat map begin with those that add up to most."""
    visitor = visit()
    cells = ("a", "z", 1), ("b", "z", 5), ("b", "y", 7), ("a", "y", 3), ("c", "y", 2), ("c", "z", 1)
    rows = " ".join(f'("{x}" "{y}" {n})' for x, y, n in cells)
    visitor.go(address(f"SELECT ?x ?y ?n {{ VALUES (?x ?y ?n) {{ {rows} }} }}", "plot"))
    page = visitor.page
    page.get_by_label("Marks").select_option("heat")
    page.locator("g[data-mark=cell] rect").first.wait_for()
    ticks = page.locator("svg.plotted g[data-mark='x-axis tick label'] text")
    assert ticks.all_text_contents() == ["b", "a", "c"]


def test_map_of_countries(visit: Callable[..., Any]) -> None:
    """Countries are coloured by number; those without one keep the colour of the unknown."""
    visitor = visit(color_scheme="light")
    visitor.go(address(PER_COUNTRY, "map"))
    page = visitor.page
    page.locator("svg.map path.r4").first.wait_for()
    colour = "one => getComputedStyle(one).fill"
    most = page.locator("svg.map path.r4").first
    unknown = page.locator("svg.map path:not([class])").first
    light = most.evaluate(colour)
    assert light != unknown.evaluate(colour)
    # The same picture follows the theme, and there the ramp runs the other way.
    page.emulate_media(color_scheme="dark")
    assert brightness(most.evaluate(colour)) > brightness(light)
    assert page.locator("svg.map rect.swatch").count() == 6


def brightness(colour: str) -> int:
    return sum(int(number) for number in re.findall(r"\d+", colour)[:3])


def test_map_of_points(visit: Callable[..., Any]) -> None:
    """A question that says it is a map begins as one, with a dot to a place."""
    visitor = visit()
    visitor.go("/queries/organisations-on-a-map?country=CZ")
    page = visitor.page
    page.locator("svg.map circle.dot").first.wait_for()
    assert page.get_by_role("tab", name="Map").get_attribute("aria-selected") == "true"
    assert page.locator("svg.map circle").count() > 5


def test_relations_as_a_network(visit: Callable[..., Any]) -> None:
    """The technical details of a thing lead to a query that draws its relations as a network."""
    visitor = visit(reduced_motion="reduce")
    visitor.go("/doc/eurocluster/euroboostex")
    page = visitor.page
    page.get_by_text("Technical details").press("Enter")
    page.get_by_role("link", name="Relations as a network").press("Enter")
    page.locator("svg.graph a circle").first.wait_for()
    assert page.locator("svg.graph line").count() > 5


def test_network(visit: Callable[..., Any]) -> None:
    """Triples are drawn as a network whose things are links; tabs are chosen by arrow keys."""
    visitor = visit()
    visitor.go("/queries/members-as-graph")
    page = visitor.page
    page.get_by_role("tab", name="Table").focus()
    page.keyboard.press("ArrowRight")
    page.locator("svg.graph a circle").first.wait_for()
    assert page.locator("svg.graph line").count() > 5
    assert page.locator("svg.graph a").first.get_attribute("href").startswith("/")


def test_own_shapes(visit: Callable[..., Any], tmp_path: Any) -> None:
    """Regions are drawn on a file of one's own, which is not sent anywhere."""
    shapes = tmp_path / "regions.geojson"
    ring = "[[[-3,40],[-3,42],[0,42],[0,40],[-3,40]]]"
    shapes.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"NUTS_ID":"ES51"},'
        f'"geometry":{{"type":"Polygon","coordinates":{ring}}}}}]}}'
    )
    visitor = visit()
    visitor.go("/queries/cluster-density-per-region?country=ES#map")
    page = visitor.page
    page.get_by_label(re.compile("your own boundaries")).set_input_files(shapes)
    page.locator("svg.map path").first.wait_for()
    assert page.locator("svg.map path title").first.text_content().startswith("ES51: ")


def test_cut_is_visible(visit: Callable[..., Any]) -> None:
    """A page that does not show all rows says so, and a plot shows no more than the table."""
    visitor = visit()
    visitor.go(address("SELECT ?s { ?s a cg:ClusterOrganisation }", rows=100))
    page = visitor.page
    assert page.get_by_text("First 100 rows shown").is_visible()
    assert page.locator("table.result tbody tr").count() == 100
    visitor.go(address("SELECT ?s { ?s a cg:ClusterOrganisation } LIMIT 100", rows=100))
    assert page.get_by_text("100 rows", exact=True).is_visible()


def test_without_scripts(visit: Callable[..., Any]) -> None:
    """Without JavaScript a query is written, asked, and answered as a table."""
    visitor = visit(java_script_enabled=False)
    visitor.go("/query")
    page = visitor.page
    page.get_by_label("Your query").fill("SELECT ?x { ?x a cg:CountryGroup }")
    page.get_by_role("button", name="Run query").click()
    assert page.get_by_role("link", name="country:EU").is_visible()
    assert page.get_by_text(re.compile(r"^\d+ rows?$")).is_visible()
    assert page.get_by_role("link", name="CSV").is_visible()


def test_question_form(visit: Callable[..., Any]) -> None:
    """The blanks of a question are filled in by choosing names, and the address holds them."""
    visitor = visit()
    visitor.go("/queries/ecosystems-lacking-in-country")
    page = visitor.page
    for name in ("Austria", "Czechia", "Slovakia"):
        page.get_by_label(name, exact=True).uncheck()
    page.get_by_label("Sweden", exact=True).check()
    page.get_by_role("button", name="Run query").click()
    page.wait_for_url(re.compile(r"\?country=SE&"))
    page.get_by_role("tab", name="Table").click()
    countries = set(page.locator("table.result td:nth-child(1)").all_inner_texts())
    assert countries == {"Sweden"}
    page.get_by_role("link", name="Open in the editor").click()
    page.locator(".cm-content").wait_for()
    assert re.search(
        r"VALUES \?country \{ <\S+/country/SE> \}", page.locator("#query").input_value()
    )


def test_download(visit: Callable[..., Any]) -> None:
    """A result is taken away as a file."""
    visitor = visit()
    visitor.go("/queries/clusters-per-country")
    with visitor.page.expect_download() as caught:
        visitor.page.get_by_role("link", name="CSV").click()
    assert caught.value.path().read_text(encoding="utf-8").startswith("country,countryName")
