"""The table of requirements in ``docs/protocol.md``, which is made from the tests themselves.

``python tests/protocol/test_table.py`` writes it anew.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "protocol.md"
START, END = "<!-- made by tests/protocol/test_table.py -->\n", "<!-- end -->\n"
FILES = {
    "test_query_operation.py": "SPARQL 1.1 Protocol: query",
    "test_update_operation.py": "SPARQL 1.1 Protocol: update",
    "test_graph_store.py": "SPARQL 1.1 Graph Store HTTP Protocol",
    "test_description.py": "SPARQL 1.1 Service Description, VoID",
    "test_negotiation.py": "RFC 9110: content negotiation",
    "test_problems.py": "RFC 9457: problem documents",
}


def table() -> str:
    """Return the table: each requirement, and the test that holds the service to it."""
    parts = []
    for name, title in FILES.items():
        lines = [f"### {title}\n\n| requirement | test |\n| --- | --- |\n"]
        for node in ast.parse((HERE / name).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = " ".join((ast.get_docstring(node) or "").split()).replace("|", "\\|")
                lines.append(f"| {said} | `{node.name}` |\n")
        parts.append("".join(lines))
    return "\n".join(parts)


def page() -> str:
    """Return the page with its table as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    return f"{before}{START}\n{table()}\n{END}{after}"


def test_table_is_current() -> None:
    """The page says what the tests say."""
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/protocol/test_table.py"


def test_each_requirement_is_named() -> None:
    """Each test of a specification says in its first words what it is about."""
    for line in table().splitlines():
        if line.endswith("` |"):
            assert re.match(r"\| (?:[A-Z][\w.]*(?: \d+(?:\.\d+)*)?|\d)", line), line


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
