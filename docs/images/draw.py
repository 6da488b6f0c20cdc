"""Draws the pictures of how-it-works.md: `make pictures`.

Each has a light background of its own, so that it is legible on dark pages as well.
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path

import numpy as np

from trainer.word2vec.huffman import build_tree
from trainer.word2vec.noise import noise_probabilities

FOLDER = Path(__file__).parent
INK, SOFT, EDGE, PAPER = "#1e293b", "#526075", "#b6c0cc", "#f8fafc"
BLUE, RED, GREEN, PLAIN = "#1f6fb2", "#c2410c", "#2a7d3e", "#ffffff"
PALE = {BLUE: "#dcebf8", RED: "#fde6d5", GREEN: "#dff3e3", PLAIN: "#ffffff"}
ITEMS = ["cake stand", "teacup", "teapot", "saucer", "sugar bowl", "bunting"]

Point = tuple[float, float]


class Picture:
    """A drawing that is written as SVG."""

    def __init__(self, width: int, height: int, label: str) -> None:
        self.shapes = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" font-size="14" '
            'font-family="system-ui, Helvetica, Arial, sans-serif">',
            f"<title>{escape(label)}</title>",
            f'<rect width="{width}" height="{height}" rx="10" fill="{PAPER}"/>',
        ]

    def text(self, at: Point, words: str, color: str = INK, anchor: str = "middle") -> None:
        """Words whose baseline is at a point; **all** of them bold in stars."""
        weight = ' font-weight="700"' if words.startswith("**") else ""
        self.shapes.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" fill="{color}"{weight}>'
            f"{escape(words.strip('*'))}</text>"
        )

    def box(self, at: Point, size: Point, words: str, color: str = PLAIN) -> None:
        """A box with lines of words in its middle."""
        (x, y), (width, height) = at, size
        edge = EDGE if color == PLAIN else color
        self.shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5" '
            f'fill="{PALE[color]}" stroke="{edge}" stroke-width="1.5"/>'
        )
        lines = words.split("\n")
        for number, line in enumerate(lines):
            middle = y + height / 2 + 5 + 18 * (number - (len(lines) - 1) / 2)
            self.text((x + width / 2, middle), line)

    def line(self, start: Point, end: Point, color: str = SOFT, width: float = 1.5) -> None:
        """A line."""
        self.shapes.append(
            f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
            f'stroke="{color}" stroke-width="{width}"/>'
        )

    def arrow(self, start: Point, end: Point, color: str = SOFT, bend: float = 0.0) -> None:
        """An arrow, bent upwards by some px."""
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 2 * bend)
        self.shapes.append(
            f'<path d="M{start[0]:.1f},{start[1]:.1f} Q{middle[0]:.1f},{middle[1]:.1f} '
            f'{end[0]:.1f},{end[1]:.1f}" fill="none" stroke="{color}" stroke-width="1.8"/>'
        )
        along = np.array(end) - np.array(middle if bend else start)
        along = along / np.linalg.norm(along)
        across = np.array([-along[1], along[0]])
        tip = np.array(end)
        corners = [tip, tip - 9 * along + 4.5 * across, tip - 9 * along - 4.5 * across]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        self.shapes.append(f'<polygon points="{points}" fill="{color}"/>')

    def row(self, at: Point, values: Iterable[float], color: str) -> None:
        """A vector as a row of cells, the darker the larger."""
        for place, value in enumerate(values):
            self.shapes.append(
                f'<rect x="{at[0] + 18 * place:.1f}" y="{at[1]:.1f}" width="17" height="20" '
                f'fill="{color}" fill-opacity="{0.08 + 0.72 * value:.2f}"/>'
            )

    def write(self, name: str) -> None:
        """Writes the file."""
        (FOLDER / name).write_text("\n".join([*self.shapes, "</svg>", ""]), encoding="utf-8")


def pairs() -> None:
    """A session, a center and its window."""
    picture = Picture(820, 270, "a session becomes pairs")
    session = ["napkins", *ITEMS]
    size = (104.0, 36.0)
    center = 3
    places = [(16 + 113.0 * place, 110.0) for place in range(len(session))]
    picture.text((16, 30), "**One session, in the order of its events", anchor="start")
    for place, (at, item) in enumerate(zip(places, session, strict=True)):
        distance = abs(place - center)
        color = RED if place == center else BLUE if distance <= 2 else PLAIN
        picture.box(at, size, item, color)
        if 0 < distance <= 2:
            start = (at[0] + 52, 108.0)
            end = (places[center][0] + 52 + 9 * np.sign(place - center), 108.0)
            picture.arrow(start, end, BLUE, bend=16 + 18 * (distance - 1))
    picture.text((places[center][0] + 52, 168), "center", RED)
    picture.line((places[1][0], 180), (places[5][0] + 104, 180), BLUE)
    picture.text((places[center][0] + 52, 200), "context: here the reach is 2", BLUE)
    around = ", ".join(f"{session[place]} → teapot" for place in (1, 2, 4, 5))
    picture.text((410, 232), f"pairs: {around}")
    picture.text(
        (410, 254), "Then the saucer is the center, with a reach drawn again, and so on.", SOFT
    )
    picture.write("pairs.svg")


def matrices() -> None:
    """A pair takes one row of each matrix."""
    picture = Picture(820, 300, "the two matrices")
    random = np.random.default_rng(3)
    picture.text((160, 32), "**input vectors: what an item says", BLUE)
    picture.text((660, 32), "**output vectors: what is predicted", RED)
    for place, item in enumerate(ITEMS):
        y = 50.0 + 26 * place
        chosen_in, chosen_out = item == "teacup", item == "teapot"
        picture.text((112, y + 15), item, BLUE if chosen_in else SOFT, "end")
        picture.row((120, y), random.random(8), BLUE if chosen_in else EDGE)
        picture.row((556, y), random.random(8), RED if chosen_out else EDGE)
        picture.text((708, y + 15), item, RED if chosen_out else SOFT, "start")
    picture.box((310, 70), (200, 54), "score = h · t\nsigmoid(score): a chance", PLAIN)
    picture.arrow((266, 86), (308, 92), BLUE)
    picture.arrow((554, 112), (512, 104), RED)
    picture.text((300, 66), "h", BLUE)
    picture.text((522, 132), "t", RED)
    picture.box((274, 168), (272, 60), "error = alpha (label - sigmoid(score))", GREEN)
    picture.arrow((410, 126), (410, 166), GREEN)
    picture.text((410, 254), "h moves by error · t, and t moves by error · h")
    picture.text(
        (410, 278), "Only the input vectors are used for answers: similar is their cosine.", SOFT
    )
    picture.write("matrices.svg")


def negatives() -> None:
    """Negative sampling: one item to pull, some to push."""
    picture = Picture(820, 300, "negative sampling")
    picture.box((20, 118), (120, 40), "teacup", BLUE)
    picture.text((80, 178), "context, input vector", BLUE)
    picture.box((330, 24), (150, 36), "teapot", GREEN)
    picture.arrow((142, 128), (326, 44), GREEN)
    picture.text((210, 66), "label 1: pull", GREEN)
    for place, item in enumerate(["bunting", "doormat", "egg cup", "… 10 in all"]):
        y = 86.0 + 46 * place
        picture.box((330, y), (150, 34), item, RED)
        picture.arrow((142, 142 + 4 * place), (326, y + 17), RED)
    picture.text((204, 214), "label 0: push", RED)
    picture.text((405, 288), "output vectors", SOFT)
    counts = np.array([1000, 400, 150, 60, 20, 5])
    plain = counts / counts.sum()
    noise = noise_probabilities(counts, 0.75)
    picture.text((660, 36), "**how often an item is noise")
    for place in range(len(counts)):
        x = 550.0 + 40 * place
        for share, color, shift in ((plain[place], EDGE, 0), (noise[place], RED, 15)):
            height = 280 * share
            picture.shapes.append(
                f'<rect x="{x + shift:.1f}" y="{240 - height:.1f}" width="13" '
                f'height="{height:.1f}" fill="{color}"/>'
            )
        picture.text((x + 14, 258), f"{counts[place]}", SOFT)
    picture.text((660, 282), "grey: by count; red: by count^0.75", SOFT)
    picture.write("negative-sampling.svg")


def huffman() -> None:
    """The Huffman tree of six items, and the path to one of them."""
    counts = np.array([28, 20, 18, 14, 11, 9])
    tree = build_tree(counts)
    path, labels = tree.path(2)
    places = _places(tree.links, len(counts))
    picture = Picture(820, 340, "the Huffman tree")
    on_path = {2, *(len(counts) + row for row in path)}
    for node, link in enumerate(tree.links[:-1].tolist()):
        parent, label = divmod(link, 2)
        is_path = node in on_path
        color = RED if is_path else EDGE
        picture.line(places[node], places[parent], color, 3 if is_path else 1.5)
        x = (places[node][0] + places[parent][0]) / 2
        y = (places[node][1] + places[parent][1]) / 2
        picture.text((x + (14 if label else -14), y), str(label), color if is_path else SOFT)
    for node, (x, y) in enumerate(places):
        if node < len(counts):
            color = RED if node == 2 else BLUE
            picture.box((x - 52, y - 6), (104, 44), f"{ITEMS[node]}\n{counts[node]} times", color)
        else:
            picture.box((x - 15, y - 14), (30, 28), f"{node - len(counts)}", GREEN)
    questions = " and ".join(
        f"node {row} says {label}" for row, label in zip(path[::-1], labels[::-1], strict=True)
    )
    asked = f"The teapot is predicted by {len(path)} answers: {questions}."
    picture.text((410, 300), asked.replace(" and ", ", ", len(path) - 2))
    picture.text((410, 324), "Each green node has an output vector; an item has none.", GREEN)
    picture.write("huffman-tree.svg")


def _places(links: np.ndarray, items: int) -> list[Point]:
    """Where nodes stand: the root on top, the child with label 0 on the left."""
    root = len(links) - 1
    children: dict[int, list[int]] = {}
    for node in sorted(range(root), key=lambda node: int(links[node]) % 2):
        children.setdefault(int(links[node]) // 2, []).append(node)
    places: dict[int, Point] = {}
    leaves = 0

    def put(node: int, depth: int) -> float:
        nonlocal leaves
        if node < items:
            leaves += 1
            x = 72.0 + 126 * (leaves - 1)
        else:
            x = sum(put(child, depth + 1) for child in children[node]) / 2
        places[node] = (x, 34.0 + 62 * depth)
        return x

    put(root, 0)
    return [places[node] for node in range(len(links))]


def relations() -> None:
    """How similar and next are answered."""
    picture = Picture(820, 330, "similar and next")
    picture.text((190, 32), "**similar: the angle between input vectors", BLUE)
    origin = (60.0, 250.0)
    for name, angle, length, color in (
        ("teacup (the query)", 52, 200, BLUE),
        ("saucer, seen 900 times", 27, 170, GREEN),
        ("odd cup, seen once", 44, 158, RED),
        ("bunting", -6, 170, EDGE),
    ):
        turn = np.radians(angle)
        end = (origin[0] + length * np.cos(turn), origin[1] - length * np.sin(turn))
        picture.arrow(origin, end, color)
        picture.text((end[0] + 6, end[1] + 4), name, SOFT if color == EDGE else color, "start")
    picture.text((190, 290), "The odd cup is nearer, but proven by one event only:")
    picture.text((190, 312), "its score is discounted, and the saucer comes first.")
    picture.line((410, 20), (410, 310), EDGE)
    picture.text((615, 32), "**next: a table, and votes", GREEN)
    for place, (item, weight, followers) in enumerate(
        (
            ("cake stand", "¼", "teacup .12, napkins .09, …"),
            ("teacup", "½", "saucer .15, teapot .14, …"),
            ("teapot", "1", "sugar bowl .17, saucer .11, …"),
        )
    ):
        y = 54.0 + 62 * place
        picture.box((430, y), (104, 40), item, BLUE)
        picture.text((556, y + 26), f"by {weight}", SOFT)
        picture.text((580, y + 26), followers, INK, "start")
    picture.arrow((615, 232), (615, 262), GREEN)
    picture.box((470, 266), (290, 40), "saucer .185, sugar bowl .17, …", GREEN)
    picture.write("similar-and-next.svg")


def night() -> None:
    """What a retraining does."""
    picture = Picture(820, 300, "a night")
    size = (148.0, 62.0)
    steps = [
        ("read the log\nand check it", BLUE),
        ("train without the\nnewest sessions", BLUE),
        ("judge it on them,\nbeside yesterday's\nand simple models", RED),
        ("train with\nall sessions", BLUE),
        ("turn and blend\nwith yesterday,\ncheck the model", BLUE),
    ]
    picture.text((16, 32), "**item2vec retrain", anchor="start")
    for place, (words, color) in enumerate(steps):
        x = 16.0 + 160 * place
        picture.box((x, 50), size, words, color)
        if place:
            picture.arrow((x - 12, 81), (x - 1, 81))
    picture.arrow((740, 114), (740, 172), GREEN)
    picture.box((624, 174), (180, 58), "publish: rename a\nfolder, name it current", GREEN)
    picture.arrow((622, 203), (536, 203), GREEN)
    picture.box(
        (354, 174), (180, 58), "services verify it,\nload it beside the old\none, and swap", GREEN
    )
    for place in (0, 2, 4):
        x = 16.0 + 160 * place + 68
        picture.line((x, 114), (x, 140), RED)
    picture.line((84, 140), (724, 140), RED)
    picture.arrow((84, 140), (84, 172), RED)
    picture.box((16, 174), (220, 58), "refused: exit code 3,\nyesterday's version stays", RED)
    picture.text(
        (410, 270), "No request is dropped: each is answered by one version as a whole.", SOFT
    )
    picture.write("night.svg")


PICTURES = (pairs, matrices, negatives, huffman, relations, night)

if __name__ == "__main__":
    for draw in PICTURES:
        draw()
