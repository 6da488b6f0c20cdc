"""The evaluation report as one self-contained HTML page."""

from trainer.view.page.content import PageContent, page_content
from trainer.view.page.rendering import render_page

__all__ = ["PageContent", "page_content", "render_page"]
