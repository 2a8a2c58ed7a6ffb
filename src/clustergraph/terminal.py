"""Text for people at a terminal: made safe to show, and laid out in tables."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

# Control characters but tab and line feed; and marks that change the order in which text is read.
_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# In fewer columns than these, text is broken into pieces that nobody reads.
_NARROWEST: Final = 14
# What a table adds to each column, and once more.
_BORDER: Final = 3


def harmless(text: str) -> str:
    """Return a text with a replacement character for each that a terminal would obey.

    Source: ECMA-48, section 5; Unicode Technical Report 36, section 3.
    """
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", text)


def table(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int | None = None,
    styled: bool = False,
) -> str:
    """Lay rows out as a table; columns of numbers are aligned to the right.

    Rows that do not fit the width stand below each other, a line for each cell that is not empty.

    Args:
        names: the columns' heads.
        rows: the cells, as text.
        width: columns of the terminal that it has to fit; None: a row a line, for pipes and files.
        styled: whether it may use weight.
    """
    from rich.cells import cell_len

    numeric = [_is_numeric(row[index] for row in rows) for index in range(len(names))]
    if width is None:
        return _plain(names, rows, numeric)
    least = 1
    for index, name in enumerate(names):
        longest = max((cell_len(row[index]) for row in rows), default=0)
        least += _BORDER + max(cell_len(name), min(longest, _NARROWEST))
    return (
        _records(names, rows, width, styled)
        if least > width
        else (_grid(names, rows, numeric, width, styled))
    )


def markdown(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out as a table of GitHub Flavored Markdown, whose cells show as plain text."""
    numeric = [_is_numeric(row[index] for row in rows) for index in range(len(names))]
    lines = [
        [_in_markdown(name) for name in names],
        ["---:" if number else "---" for number in numeric],
        *([_in_markdown(cell) for cell in row] for row in rows),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_MARKUP: Final = re.compile(r"[\\`*_\[\]<>|&~#]")


def _in_markdown(text: str) -> str:
    return _MARKUP.sub(lambda sign: f"\\{sign[0]}", " ".join(text.split()))


def _grid(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    width: int,
    styled: bool,
) -> str:
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.ROUNDED)
    for name, number in zip(names, numeric, strict=True):
        grid.add_column(
            Text(name),
            justify="right" if number else "left",
            overflow="fold",
            min_width=min(cell_len(name), width // 2),
        )
    for row in rows:
        grid.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=styled, highlight=False).print(grid)
    return out.getvalue()


def _records(names: Sequence[str], rows: Sequence[Sequence[str]], width: int, styled: bool) -> str:
    """Lay each row out as lines of name and value."""
    from rich.console import Console
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=styled, highlight=False)
    for number, row in enumerate(rows, start=1):
        console.print(Rule(str(number), align="left", style="dim"))
        lines = Table.grid(padding=(0, 2, 0, 0))
        lines.add_column(style="bold", no_wrap=True, overflow="fold", max_width=width // 2)
        lines.add_column(overflow="fold")
        for name, cell in zip(names, row, strict=True):
            if cell:
                lines.add_row(Text(name), Text(cell))
        console.print(lines)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def _plain(names: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """Return a table in aligned columns, a row to a line, for pipes and files."""
    from rich.cells import cell_len

    lines = [list(names), *([" ".join(cell.split()) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    text = []
    for line in lines:
        cells = []
        for cell, width, right in zip(line, widths, numeric, strict=True):
            padding = " " * (width - cell_len(cell))
            cells.append(padding + cell if right else cell + padding)
        text.append("  ".join(cells).rstrip() + "\n")
    return "".join(text)


def _is_numeric(cells: Iterable[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)
