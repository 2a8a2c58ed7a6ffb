"""The plan of the house: who may import whom, how long a module may be, what starts quickly."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import clustergraph
from clustergraph import errors

PACKAGE = Path(clustergraph.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

ROOT = Path(__file__).parents[1]
NAME = {path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
    ".__init__") for path in MODULES}  # fmt: skip
PATH = {name: path for path, name in NAME.items()}

# Where execution begins: commands, the library, and processes that are started by `python -m`.
ENTRIES = ("clustergraph.__main__", "clustergraph.cli", "clustergraph.client")


def layers() -> list[set[str]]:
    """Return the layers, lowest first, as CONTRIBUTING lists them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| layer | packages and modules |") :].split("\n\n")[0]
    rows = [line.split("|")[2] for line in table.splitlines()[2:]]
    return [{name.strip().replace("\\", "") for name in row.split(",")} for row in rows]


LAYERS = layers()


def room(path: Path) -> str:
    """Return the room that a module belongs to: its package or itself."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[tuple[str, ast.stmt, bool], ...]:
    """Return what a module imports: the dotted name, the statement, whether at its top level."""
    tree = parsed(path)
    top = set(map(id, tree.body))
    found: list[tuple[str, ast.stmt, bool]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.append((alias.name, node, id(node) in top))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                found.append((f"{node.module}.{alias.name}", node, id(node) in top))
    return tuple(found)


def known_module(name: str) -> str:
    """Return the module that a dotted name is, or is in; empty: none of ours."""
    while name not in PATH and "." in name:
        name = name.rpartition(".")[0]
    return name if name in PATH else ""


@cache
def dependencies(name: str) -> dict[str, int]:
    """Return the modules that a module names in any way, with a line where it does."""
    path = PATH[name]
    found = {known_module(other): statement.lineno for other, statement, _ in imports(path)}
    tree = parsed(path)
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            for dotted in re.findall(r"\bclustergraph(?:\.\w+)+", node.value):
                # `clustergraph.connect` in a string is a line of Python shown to users.
                if (module := known_module(dotted)) != "clustergraph":
                    found.setdefault(module, node.lineno)
    return {other: line for other, line in found.items() if other not in ("", name)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downwards(path: Path) -> None:
    """A module names only rooms of layers below its own, or its own, in whatever way it does."""
    mine = room(path)
    floors = {name: level for level, names in enumerate(LAYERS) for name in names}
    # The package itself is above all: none of its modules may import it.
    floors["__init__"] = len(LAYERS)
    assert mine in floors, f"add {mine} to the table of layers in CONTRIBUTING.md"
    for name, line in dependencies(NAME[path]).items():
        target = name.partition(".")[2].split(".")[0] or "__init__"
        if target == mine:
            continue
        foundation = mine in LAYERS[0] and target in LAYERS[0]
        assert floors[target] < floors[mine] or foundation, (
            f"{path.name}:{line} names {name}, which is not below {mine}"
        )


def test_the_table_of_layers_is_complete() -> None:
    """CONTRIBUTING lists each package and module once, and none that is not there."""
    listed = [name for names in LAYERS for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) == {room(path) for path in MODULES} - {"__init__"}


def test_no_cycles() -> None:
    """No module depends on itself by way of others: neither by imports nor by annotations."""
    found: set[frozenset[str]] = set()
    reach: dict[str, set[str]] = {}

    def reachable(start: str) -> set[str]:
        seen, waiting = set(), list(dependencies(start))
        while waiting:
            if (name := waiting.pop()) not in seen:
                seen.add(name)
                waiting += dependencies(name)
        return seen

    for name in PATH:
        reach[name] = reachable(name)
    for name in PATH:
        if name in reach[name]:
            found.add(frozenset(other for other in reach[name] if name in reach[other]))
    assert not found, [sorted(cycle) for cycle in found]


def test_every_module_is_reached() -> None:
    """Each module is named by another that leads back to where execution begins."""
    seen: set[str] = set()
    waiting = [*ENTRIES]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += dependencies(name)
        # Importing a module imports the packages that it is in.
        waiting += [name.rsplit(".", n)[0] for n in range(1, name.count("."))]
    assert not set(PATH) - seen - {"clustergraph"}


def _foreign_names(tree: ast.AST) -> set[str]:
    """Return the names that imports of other people's modules bind."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                alias.asname or alias.name.partition(".")[0]
                for alias in node.names
                if not alias.name.startswith("clustergraph")
            }
        elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith("clustergraph"):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_private_names_of_others(path: Path) -> None:
    """No module uses or overrides a private name of a library, nor imports one."""
    tree = parsed(path)
    foreign = _foreign_names(tree)
    found = {
        (NAME[path], name.rpartition(".")[2])
        for name, *_ in imports(path)
        if _is_private(name.rpartition(".")[2]) and not name.startswith("clustergraph")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            root: ast.expr = node.value
            while isinstance(root, ast.Attribute | ast.Call | ast.Subscript):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name) and root.id in foreign:
                found.add((NAME[path], node.attr))
    if path.name != "__main__.py" and any(isinstance(node, ast.ClassDef) for node in tree.body):
        found |= set(_overridden(NAME[path], tree))
    assert not found, found


def _overridden(name: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the private names of foreign base classes that a module's classes use or override."""
    module = importlib.import_module(name)
    for definition in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        kind = getattr(module, definition.name)
        bases = [one for one in kind.__mro__[1:] if not one.__module__.startswith("clustergraph")]
        private = {one for base in bases for one in vars(base) if _is_private(one)}
        # What the language's own classes document for overriding ends in an underscore.
        private = {one for one in private if not one.endswith("_")}
        private -= {"_abc_impl", "_is_protocol", "_is_runtime_protocol"}
        used = {
            node.attr
            for node in ast.walk(definition)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls")
        }
        for one in private & (used | set(vars(kind))):
            if one not in vars(object):
                yield name, one


def test_only_the_store_opens_stores() -> None:
    """Pyoxigraph's Store is opened in quadstore/ alone, and FastAPI used in http/ alone."""
    for path in MODULES:
        source = parsed(path)
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
    assert ast.get_docstring(parsed(path))


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
        for node in ast.walk(parsed(path)):
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
