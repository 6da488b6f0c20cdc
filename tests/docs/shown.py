"""Whether a program printed what a page shows, but for figures and for what `...` leaves out."""

import json
import re

GAP = "..."
# Text that differs from one training to the next, or from one day to the next.
CHANCE = {"item_id", "title", "model_version", "vector_space_id", "created"}


def assert_printed(shown, printed):
    if re.match(r'[{\[]\s*["{.]', shown):
        shown, printed = json.loads(with_marked_gaps(shown)), json.loads(printed)
        assert_part_of(shown, printed)
        assert_mostly(set(titles(shown)), set(titles(printed)))
    elif shown.split()[1:3] == ["title", "score"]:
        shown, printed = masked(shown), masked(printed)
        assert printed[0] == shown[0]
        assert len(printed) == len(shown)
        assert_mostly(set(shown[1:]), set(printed[1:]))
    else:
        assert_lines(masked(shown), masked(printed))


def assert_lines(shown, printed):
    """The lines are those, in that order, but for the gaps."""
    rest = printed
    opened = False
    for line in [*shown, None]:
        if line == GAP:
            opened = True
        elif line is None:
            assert opened or not rest, f"more was printed than is shown: {rest}"
        else:
            assert line in (rest if opened else rest[:1]), (line, printed)
            rest, opened = rest[rest.index(line) + 1 :], False


def masked(text):
    """The lines without figures, signs, marks and blanks."""
    figures = re.sub(r"(?<!\.)([+-]?(?:\.?\d[\d.,]*)%?)+", "#", re.sub("[▲▼]", "", text))
    lines = (" ".join(line.split()) for line in figures.splitlines())
    return [line for line in lines if line.strip("─ ")]


def with_marked_gaps(text):
    """JSON with `...` as JSON: a member or an element that bears that name."""
    opened = []

    def mark(token):
        if token[0] in "{[":
            opened.append(token[0])
        elif token[0] in "}]":
            opened.pop()
        elif token[0] == GAP:
            return f'"{GAP}": 0' if opened[-1] == "{" else f'"{GAP}"'
        return token[0]

    return re.sub(r'"(?:\\.|[^"\\])*"|\.\.\.|[{}\[\]]', mark, text)


def assert_part_of(shown, printed, name=None):
    assert type(shown) is type(printed) or {type(shown), type(printed)} == {int, float}, name
    if isinstance(shown, dict):
        names = [each for each in shown if each != GAP]
        assert set(names) <= set(printed)
        assert GAP in shown or len(names) == len(printed), printed
        for each in names:
            assert_part_of(shown[each], printed[each], each)
    elif isinstance(shown, list):
        elements = [each for each in shown if each != GAP]
        assert len(elements) < len(printed) if GAP in shown else len(elements) == len(printed)
        for each, other in zip(elements, printed, strict=False):
            assert_part_of(each, other, name)
    elif isinstance(shown, str) and name not in CHANCE:
        assert masked(shown) == masked(printed), name


def titles(answer):
    """All titles, however deep."""
    parts = answer.values() if isinstance(answer, dict) else answer
    if isinstance(answer, dict) and "title" in answer:
        yield answer["title"]
    for part in parts:
        if isinstance(part, dict | list):
            yield from titles(part)


def assert_mostly(shown, printed):
    """Threads train at once, so a list differs a little each time."""
    assert len(shown & printed) >= len(shown) / 2, (shown, printed)
