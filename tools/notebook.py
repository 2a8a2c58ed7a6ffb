"""Run the notebook under docs/ and keep what it shows: ``python tools/notebook.py [--check]``."""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any, Final

NOTEBOOK: Final = Path(__file__).parents[1] / "docs" / "first-steps.ipynb"


def refreshed(text: str) -> str:
    """Return a notebook whose outputs are those of its cells, run again from the first on."""
    notebook = json.loads(text)
    names: dict[str, Any] = {}
    count = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
            cell["outputs"] = _outputs("".join(cell["source"]), names, count)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _outputs(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    found = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)  # noqa: S102 - our own notebook
        if last is not None:
            found = eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307
    outputs: list[dict[str, Any]] = []
    if text := printed.getvalue():
        lines = text.splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines})
    if found is not None:
        data = {"text/plain": repr(found).splitlines(keepends=True)}
        if hasattr(found, "_repr_html_"):
            data["text/html"] = found._repr_html_().splitlines(keepends=True)
        outputs.append(
            {
                "output_type": "execute_result",
                "execution_count": count,
                "metadata": {},
                "data": data,
            }
        )
    return outputs


def main() -> None:
    """Write the notebook again, or say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if it is old")
    given = parser.parse_args()
    text = NOTEBOOK.read_text(encoding="utf-8")
    new = refreshed(text)
    if given.check and new != text:
        sys.exit(f"{NOTEBOOK.name} is old: run python tools/notebook.py")
    NOTEBOOK.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
