"""The plan of the house: who may import whom, how long a module may be, what starts quickly."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import clustergraph
from clustergraph import errors

PACKAGE = Path(clustergraph.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# The layers, lowest first; CONTRIBUTING describes them. A module may import its own package and
# those of lower layers. Packages of one layer must not import each other.
FLOORS = [
    {"errors", "vocab", "settings", "artefacts", "terminal"},
    {"rdf", "sparql", "workers"},
    {"quadstore", "csvw"},
    {"shacl"},
    {"owl"},
    {"dataset", "questions"},
    {"shipped", "rdfdiff"},
    {"client"},
    {"protocol"},
    {"pages"},
    {"linked"},
    {"http"},
    {"cli"},
    {"__main__"},
]
GROUND = FLOORS[0]
# Imports upwards that are still to be removed; nothing may be added here.
UPWARDS: set[tuple[str, str]] = {
    ("shacl", "dataset"), ("owl", "dataset"),
    ("sparql", "quadstore"), ("owl", "questions"),
}  # fmt: skip


def room(path: Path) -> str:
    """Return the room that a module belongs to: its package or itself."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[tuple[str, ast.stmt, bool]]:
    """Yield what a module imports: the dotted name, the statement, whether at its top level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node, id(node) in top


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downwards(path: Path) -> None:
    """A module imports only rooms on floors below its own, or its own room."""
    mine = room(path)
    if mine == "__init__":
        # What `clustergraph.connect` needs is imported when it is called.
        assert not [name for name, _, top in imports(path) if top and "clustergraph" in name]
        return
    floors = {name: level for level, names in enumerate(FLOORS) for name in names}
    assert mine in floors, f"say on which floor {mine} stands"
    for name, statement, _ in imports(path):
        package, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if package != "clustergraph" or target not in floors or target == mine:
            continue
        if (mine, target) in UPWARDS:
            continue
        same_ground = (mine in GROUND and target in GROUND) or {mine, target} == {"sparql", "rdf"}
        assert floors[target] < floors[mine] or same_ground, (
            f"{path.name}:{statement.lineno} imports {target}, which is not below {mine}"
        )


def test_only_the_store_opens_stores() -> None:
    """Pyoxigraph's Store is opened in quadstore/ alone, and FastAPI used in http/ alone."""
    for path in MODULES:
        source = ast.parse(path.read_text(encoding="utf-8"))
        called = {ast.unparse(node.func) for node in ast.walk(source) if isinstance(node, ast.Call)}
        opening = re.compile(r"(ox|pyoxigraph)\.Store(\..+)?")
        names = {name for name, *_ in imports(path)}
        if room(path) != "quadstore":
            assert not list(filter(opening.fullmatch, called)), f"{path} opens a store"
            assert "pyoxigraph.Store" not in names, f"{path} opens a store"
        if room(path) != "http":
            frameworks = {"fastapi", "starlette", "uvicorn"}
            assert not {name.partition(".")[0] for name in names} & frameworks, path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_are_of_a_readable_size(path: Path) -> None:
    """No module has more than 500 lines; each says in a sentence what it is for."""
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 500
    assert ast.get_docstring(ast.parse(source))


def test_no_room_for_everything() -> None:
    """There is no utils, helpers or common."""
    names = {part for path in MODULES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert not names & {"utils", "util", "helpers", "common", "misc"}


def test_all_errors_have_one_root() -> None:
    """Every exception derives from ClusterGraphError, or is a signal that its own room catches."""
    tree = errors.__doc__ or ""
    for name in errors.__all__:
        thing = getattr(errors, name)
        if isinstance(thing, type):
            assert issubclass(thing, errors.ClusterGraphError)
            assert name in tree
    caught: set[tuple[str, str]] = set()
    defined: list[tuple[str, ast.ClassDef]] = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and node.type is not None:
                caught |= {
                    (room(path), name.id)
                    for name in ast.walk(node.type)
                    if isinstance(name, ast.Name)
                }
            elif isinstance(node, ast.ClassDef) and node.name.endswith(("Error", "Exception")):
                defined.append((room(path), node))
    for where, node in defined:
        bases = {ast.unparse(base) for base in node.bases}
        ours = bool(bases & set(errors.__all__)) or node.name == "ClusterGraphError"
        assert ours or (where, node.name) in caught, f"{where}: {node.name}"


def test_help_imports_nothing_heavy() -> None:
    """--help, --version and completion load neither engine nor framework nor parser."""
    program = (
        "import sys\n"
        "from clustergraph import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    heavy = {
        "SPARQLWrapper", "csvw", "fastapi", "openpyxl", "owlready2", "pandas", "pyoxigraph",
        "pyshacl", "rdflib", "rich", "starlette", "uvicorn", "yaml",
    }  # fmt: skip
    assert not heavy & set(result.stderr.split())
