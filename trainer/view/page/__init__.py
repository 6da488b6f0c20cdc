"""The report as one page that a browser shows without loading anything."""

from trainer.view.page.content import ItemMap, PageContent, Sample, page_content
from trainer.view.page.rendering import render_page

__all__ = ["ItemMap", "PageContent", "Sample", "page_content", "render_page"]
