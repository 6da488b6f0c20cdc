"""The Python of a page runs from top to bottom, and prints what the page shows."""

import doctest
import json
import sys

import pytest

from tests.docs.pages import PAGES, all_blocks
from tests.docs.shown import assert_printed
from tests.docs.typed import trains
from tests.shell import run

# The page for users of gensim has a test of its own, which has gensim.
NOTEBOOKS = [page for page in PAGES if "gensim" not in page.stem]


def cells_of(page):
    """The statements of a page's blocks that use the library, and what is shown of each."""
    for block in (each for each in all_blocks() if each.page == page):
        if block.language == "python" and "from shop import" not in block.text:
            yield {"source": shorter(block.text), "mode": "exec", "fails": False}, ""
        if block.language == "pycon":
            for example in doctest.DocTestParser().get_examples(block.text):
                fails = example.want.partition(":")[0].endswith("Error")
                yield (
                    {"source": shorter(example.source), "mode": "single", "fails": fails},
                    example.want,
                )


def shorter(source):
    """A training that weighs on fewer cases; the pages' own takes all."""
    return source.replace("epochs=5", "epochs=5, fit_cases=2000")


@trains
@pytest.mark.parametrize("page", [page for page in NOTEBOOKS if any(cells_of(page))], ids=str)
def test_the_python_of_a_page_does_what_it_shows(page, own_project):
    cells, shown = zip(*cells_of(page), strict=True)
    program = (sys.executable, "-m", "tests.docs.notebook")
    printed = json.loads(run(*program, cwd=own_project, stdin=json.dumps(cells)).stdout)
    for cell, want, got in zip(cells, shown, printed, strict=True):
        if cell["mode"] == "single":
            assert_printed(want, got)
