"""Write or check the expected answers of the catalogue's questions on the shipped data.

python tools/expect.py NAME...     write queries/expected/NAME.tsv (or .nt, .txt)
python tools/expect.py --check     compare all that are kept; exit 1 where one differs
"""

from __future__ import annotations

import argparse
import sys

from clustergraph.questions import catalogue, expected
from clustergraph.shipped import open_graph


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a question of the catalogue")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    engine = open_graph()
    known = catalogue.questions()
    chosen = [catalogue.find(name) for name in arguments.names] or [
        question
        for question in known.values()
        if question.kind == "cq" or catalogue.expected_file(question).exists()
    ]
    faults = 0
    for question in chosen:
        answer = catalogue.ask(question, engine)
        if not arguments.check:
            print(expected.write(question, answer))
            continue
        for difference in expected.differences(question, answer):
            faults += 1
            print(f"{question.name}: {difference}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
