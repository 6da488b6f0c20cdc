"""Takes the picture of an evaluation page that README shows.

`make pictures` makes the page and runs this; it needs Chromium and pngquant.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 880, 1000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Of the page: the verdict, one chart, one sample query and the map.
STYLE = """
body { max-width: none; padding: 14px 18px; display: grid; gap: 0 14px;
  grid-template: auto auto auto 1fr / 1fr 1fr }
h1, section:nth-of-type(1) { grid-column: 1 / -1; margin: 0 0 8px }
section { margin: 6px 0 0; padding: 10px 18px }
section:nth-of-type(5) { grid-area: 3 / 2 / 5 / 3 }
.panels, .samples { margin: 6px 0 0 } .sample { font-size: 12.5px; gap: 6px; padding: 8px 12px }
.key { display: grid; grid-template-columns: 1fr 1fr; gap: 2px 8px; font-size: 11px }
section:nth-of-type(3), section:nth-of-type(n + 6), .pair, dl, section:nth-of-type(n + 2) > p,
.panels > div:nth-child(n + 2), .sample:nth-child(n + 2), .sample > div:nth-child(2)
{ display: none }
"""


def take(page: Path, picture: Path) -> None:
    """Writes a picture of a page.

    Args:
        page: of `item2vec evaluate --report`.
        picture: the PNG file to write.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or shutil.which("pngquant") is None:
        sys.exit(f"the picture needs one of {', '.join(BROWSERS)}, and pngquant: install them")
    with tempfile.TemporaryDirectory() as folder:
        excerpt = Path(folder) / "excerpt.html"
        text = page.read_text(encoding="utf-8")
        excerpt.write_text(text.replace("</style>", f"{STYLE}</style>", 1), encoding="utf-8")
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/browser",
                f"--window-size={WIDTH},{HEIGHT}",
                f"--screenshot={picture}",
                excerpt.as_uri(),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )
    quantized = ["pngquant", "--force", "--strip", "--output", str(picture), "160", str(picture)]
    subprocess.run(quantized, check=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]), FOLDER / "evaluation.png")
