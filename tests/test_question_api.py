"""The ready questions as an interface for programs: pages, choices, files, OpenAPI."""

from __future__ import annotations

import io
import json
import re
from typing import Any, Final

import pytest
from inprocess import deliver, handle
from openpyxl import load_workbook

from clustergraph.http.api import create_app, declare
from clustergraph.protocol import Config, Context, Request
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.questions.names import choices_of, resolve
from clustergraph.questions.parameters import Parameter

LINK: Final = re.compile(r'<http://localhost(/[^>]*)>; rel="(\w+)"')


class Client:
    """Asks as the service's worker is asked."""

    def __init__(self, engine: Engine) -> None:
        self._context = Context(engine.store, 1, Config(), engine=engine)

    def get(self, address: str, accept: str = "*/*") -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        path, _, query = address.partition("?")
        request = Request("GET", path, query.encode(), {"accept": accept}, b"", "http://localhost")
        sent = deliver(handle(request, self._context), request)
        return sent.status, sent.headers, sent.body


@pytest.fixture(scope="module")
def client(shipped: Engine) -> Client:
    return Client(shipped)


def test_links_lead_through_all_pages(client: Client) -> None:
    """Following ``next`` from the first page yields each row once, and keeps the parameters."""
    address: str | None = "/queries/find-partners?country=CZ&ecosystem=all&format=json&size=7"
    _, _, body = client.get("/queries/find-partners?country=CZ&ecosystem=all&format=json")
    whole = json.loads(body)["results"]["bindings"]
    rows: list[Any] = []
    seen = 0
    while address:
        status, headers, body = client.get(address)
        assert status == 200
        rows += json.loads(body)["results"]["bindings"]
        links = {name: target for target, name in LINK.findall(headers["link"])}
        assert int(headers["x-total-count"]) == len(whole)
        assert ("prev" in links) == bool(seen)
        address, seen = links.get("next"), seen + 1
    assert rows == whole
    assert seen == -(-len(whole) // 7)


def test_page_beyond_the_last_is_empty(client: Client) -> None:
    """It leads back to the pages that there are."""
    status, headers, body = client.get("/queries/clusters-per-country?page=999&format=csv")
    assert status == 200
    assert len(body.splitlines()) == 1
    links = {name: target for target, name in LINK.findall(headers["link"])}
    assert links["prev"] == links["last"]
    assert "next" not in links


@pytest.mark.parametrize("wrong", ["page=0", "page=x", "size=0", "size=10001", "page=²"])
def test_wrong_page_is_refused(client: Client, wrong: str) -> None:
    """What is no page is a 400 that says what is."""
    status, _, body = client.get(f"/queries/clusters-per-country?{wrong}")
    assert status == 400
    assert "a whole number from 1" in json.loads(body)["detail"]


def test_choices_come_from_the_graph(client: Client) -> None:
    """A parameter's values are listed with labels in the language asked for."""
    _, _, body = client.get("/queries/find-partners/choices?lang=cs")
    choices = json.loads(body)
    assert {"value": "CZ", "label": "Česko"} in choices["country"]
    assert len(choices["ecosystem"]) == 14
    assert all(one["label"] for one in choices["region"])
    assert "sector" not in choices


def test_names_stand_for_keys(client: Client) -> None:
    """A name means what its key means, also for pages of an answer; a wrong one is a 400."""
    address = "/queries/clusters-in-country?format=csv&country="
    _, _, by_key = client.get(f"{address}CZ")
    assert client.get(f"{address}Czechia")[2] == by_key
    assert client.get(f"{address}%C4%8Cesko")[2] == by_key
    _, headers, body = client.get(f"{address}Czechia&size=5")
    assert body.splitlines() == by_key.splitlines()[:6]
    assert int(headers["x-total-count"]) == len(by_key.splitlines()) - 1
    status, _, body = client.get(f"{address}Checkia")
    assert status == 400
    assert "did you mean CZ (Czechia)" in json.loads(body)["detail"]
    status, _, body = client.get("/queries/region-profile?region=Czechia")
    assert status == 400
    assert "CZ (Czechia), CZ0 (Czechia)" in json.loads(body)["detail"]


@pytest.mark.full
def test_each_choice_is_a_value(shipped: Engine) -> None:
    """Whatever is offered may be filled in: the first and last choices of each type and list."""
    parameters = {
        (parameter.type, parameter.choices): parameter
        for question in catalogue.questions().values()
        for parameter in question.parameters.values()
    }
    for parameter in parameters.values():
        choices = choices_of(parameter, shipped, "en") or []
        for value in {choice.value for choice in (*choices[:2], *choices[-2:])}:
            known = {parameter.name: parameter}
            assert resolve(known, {parameter.name: [value]}, shipped) == {parameter.name: [value]}
            assert parameter.terms((value,))


def test_truth_has_two_choices(shipped: Engine) -> None:
    """A parameter that is true or false offers both."""
    found = choices_of(Parameter("x", "boolean", "whether"), shipped, "en")
    assert [choice.value for choice in found or []] == ["true", "false"]


def test_answer_is_a_workbook_with_a_name(client: Client) -> None:
    """XLSX is offered by name and by media type, and is saved under the question's name."""
    status, headers, body = client.get("/queries/clusters-per-country?format=xlsx")
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="clusters-per-country.xlsx"'
    sheet = load_workbook(io.BytesIO(body)).active
    _, _, csv = client.get("/queries/clusters-per-country?format=csv")
    assert sheet.max_row == len(csv.decode().splitlines())
    assert any(isinstance(cell.value, int) for cell in sheet[2])


def test_each_question_is_described() -> None:
    """OpenAPI has a path for each question, with each parameter, its type and its default."""
    app = create_app(None)
    declare(app)
    schema = app.openapi()
    assert schema["openapi"].startswith("3.1")
    for question in catalogue.questions().values():
        operation = schema["paths"][f"/queries/{question.name}"]["get"]
        described = {one["name"]: one for one in operation["parameters"]}
        assert operation["summary"] == question.summary
        assert set(question.parameters) <= set(described)
        for name, parameter in question.parameters.items():
            one = described[name]
            assert one["required"] == (not parameter.optional and not parameter.default)
            assert ("default" in one["schema"]) == bool(parameter.default)
            assert (one["schema"]["type"] == "array") == parameter.several
            choices = one["schema"].get("items", one["schema"]).get("enum")
            default = one["schema"].get("default")
            if choices and default is not None:
                assert set(default if parameter.several else [default]) <= set(choices)
    identifiers = [one["operationId"] for path in schema["paths"].values() for one in path.values()]
    assert len(identifiers) == len(set(identifiers))


def test_unknown_address_below_a_question(client: Client) -> None:
    """Only the choices are below a question."""
    assert client.get("/queries/find-partners/nothing")[0] == 404
