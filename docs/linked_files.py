"""Files outside docs/ that pages link to become part of the site."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LINK = re.compile(r"\]\(([^)\s#:]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds them, and what they link to in their turn."""
    root = Path(config.docs_dir).parent
    waiting = [Path(file.abs_src_path or "") for file in files.documentation_pages()]
    while waiting:
        page = waiting.pop()
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            name = path.relative_to(root).as_posix()
            if path.is_file() and not name.startswith("docs/") and name not in files.src_uris:
                files.append(File.generated(config, name, abs_src_path=str(path)))
                if path.suffix == ".md":
                    waiting.append(path)
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Rewrites links between docs/ and its neighbours, for in the site they are one folder."""
    if page.file.generated_by is None:
        return markdown.replace("](../", "](")
    return markdown.replace("](../docs/", "](../")
