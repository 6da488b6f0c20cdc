"""Which files a command may write: none is lost that somebody may want back."""

from pathlib import Path

from service.model.disk import unwritable
from service.model.errors import InputError
from service.model.store import Store
from trainer.cli.common import check_outside

OUR_PAGE = b'<meta name="generator" content="item2vec">'
HEAD = 1000  # bytes of a page in which that is found


def check_output(flag: str, file: Path, store: Store, force: bool) -> None:
    """Refuses a file that cannot be written, or that exists.

    Args:
        flag: how the file was named, as messages show it.
        file: the file to write.
        store: where models are, among which nothing else is written.
        force: whether it may replace another.

    Raises:
        InputError: saying why, and what to do.
    """
    check_outside(store, file)
    if reason := unwritable(file):
        raise InputError(f"{flag}{file}: {reason}")
    if file.exists() and not force:
        raise InputError(
            f"{flag}{file}: the file exists; name another one, or replace it with --force"
        )


def check_page(flag: str, page: Path, store: Store, force: bool) -> None:
    """The same for a page, which may replace an earlier one.

    Raises:
        InputError: saying why, and what to do.
    """
    if page.suffix != ".html":
        raise InputError(f"{flag} {page}: name a file that ends in .html")
    check_output(f"{flag} ", page, store, force or _is_our_page(page))


def _is_our_page(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return OUR_PAGE in opened.read(HEAD)
