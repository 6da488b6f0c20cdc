"""Runs the Python of a page, cell by cell in one namespace: `python -m tests.docs.notebook`.

Standard input has the cells, standard output what each printed, both as JSON.
"""

import contextlib
import io
import json
import sys


def run_cell(cell, names):
    """What a cell prints: the values of expressions, as Python shows them, and its error."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(cell["source"], "<page>", cell["mode"]), names)
        except Exception as error:
            if not cell["fails"]:
                raise
            printed.write(f"{type(error).__name__}: {error}\n")
    return printed.getvalue()


if __name__ == "__main__":
    cells = json.load(sys.stdin)
    names = {"__name__": "__main__"}
    outputs = [run_cell(cell, names) for cell in cells]
    json.dump(outputs, sys.stdout)
