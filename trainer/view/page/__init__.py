"""The evaluation report as one self-contained HTML page."""

from trainer.view.page.content import ItemMap, PageContent, Sample, page_content
from trainer.view.page.rendering import render_page

__all__ = ["ItemMap", "PageContent", "Sample", "page_content", "render_page"]
