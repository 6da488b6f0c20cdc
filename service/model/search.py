"""Finds items by words of their ids and titles, in an SQLite database with a full-text index.

    items    an FTS5 table without content, a row for each item: its id and its title
    typos    each longer word of these, and what is left of it without one of its characters

Words that differ in one edit share what is left without a character, so a misspelt word is looked
up and not compared with all words (the symmetric deletes of SymSpell, by W. Garbe).
"""

import re
import sqlite3
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from service.model.errors import UnavailableError

MOST_WORDS = 12  # of a query; the others are ignored
SHORTEST_TYPO, LONGEST_TYPO = 4, 20  # characters of a word that may be misspelt
MOST_TYPOS, MOST_CORRECTIONS = 200_000, 8  # words that are corrected to, and those for one word
LONGEST_BEGINNING = 10  # characters; an index for each length, for others SQLite reads all matches
MAPPED_BYTES = 1 << 32  # pages of the file are mapped, so that processes share them

WORD = re.compile(r"[^\W_]+")  # as the tokenizer has it, so that nothing in a query is syntax

LENGTHS = " ".join(map(str, range(1, LONGEST_BEGINNING + 1)))
CREATE = f"""
create virtual table items using fts5(
    text, content = '', columnsize = 0, detail = none, prefix = '{LENGTHS}',
    tokenize = 'unicode61 remove_diacritics 2'
);
create virtual table temp.vocabulary using fts5vocab(main, items, row);
create table typos (deletion text, word text, primary key (deletion, word)) without rowid;
"""
SHORTEST_PART = 3  # characters of a word that may be written as one with the next
MATCH = "select rowid from items where items match ? order by rowid limit ?"


class Search:
    """Answers from the database; threads can share it, one at a time.

    It stays open, because the file of a version that is served may be deleted.

    Args:
        connection: to the database.
        name: of the database, for errors.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._lock = threading.Lock()

    def __del__(self) -> None:
        """Closes the database."""
        self._connection.close()

    @classmethod
    def in_file(cls, path: Path) -> "Search":
        """Opens a file that never changes."""
        connection = _open(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1")
        search = cls(connection, str(path))
        connection.execute(f"pragma mmap_size = {MAPPED_BYTES}")
        return search

    @classmethod
    def in_memory(cls, texts: Iterable[str]) -> "Search":
        """Indexes the texts of items, in row order."""
        connection = _open(":memory:")
        _fill(connection, texts)
        return cls(connection, "the search index")

    def size(self) -> tuple[int, int]:
        """How many items the database has, and how many bytes.

        Raises:
            sqlite3.Error: it is no such database.
        """
        connection = self._connection
        connection.execute(MATCH, ('"a"*', 1)).fetchall()
        connection.execute("select word from typos limit 1").fetchall()
        items, pages, bytes_of_page = (
            int(connection.execute(f"pragma {name}").fetchone()[0])
            for name in ("user_version", "page_count", "page_size")
        )
        return items, pages * bytes_of_page

    def find(self, text: str, k: int) -> list[int]:
        """The first k rows that have every word of a text; the last one may be a beginning.

        Case and accents do not count, and two words may be written as one: `cake stand` finds
        `CAKESTAND`. Where the last word is longer than LONGEST_BEGINNING, rows
        with the whole word come first, then those with a word that begins as it does. If no row
        has all words, those that no row has are replaced by words one edit away.

        Raises:
            UnavailableError: the database cannot be read.
        """
        words = WORD.findall(_fold(text))[:MOST_WORDS]
        if not words:
            return []
        try:
            with self._lock:
                return self._matches(words, k) or self._corrected(words, k)
        except sqlite3.Error as error:
            raise UnavailableError(f"{self._name} cannot be read: {error}") from error

    def _matches(self, words: list[str], k: int) -> list[int]:
        rows = []
        if len(words[-1]) > LONGEST_BEGINNING:
            rows = self._rows([_all_of(words, _whole)], k)
        if len(rows) < k:
            beginning = self._rows([_all_of(words, _beginning)], k)
            rows += [row for row in beginning if row not in rows]
        return rows[:k]

    def _corrected(self, words: list[str], k: int) -> list[int]:
        *whole, last = words
        wanted = [*map(_whole, whole), _beginning(last)]
        unknown = [place for place, one in enumerate(wanted) if not self._rows([one], 1)]
        for place in unknown:
            others = self._corrections(words[place])
            if not others:
                return []
            wanted[place] = f"({' OR '.join(map(_whole, others))})"
        return self._rows(wanted, k) if unknown else []

    def _corrections(self, word: str) -> list[str]:
        """The words one edit away, a few if there are many."""
        if not SHORTEST_TYPO - 1 <= len(word) <= LONGEST_TYPO + 1:
            return []
        left = [word, *_deletions(word)]
        marks = ", ".join("?" * len(left))
        found = self._connection.execute(
            f"select distinct word from typos where deletion in ({marks}) order by word", left
        )
        near = (other for (other,) in found if _one_edit_apart(word, other))
        return list(islice(near, MOST_CORRECTIONS))

    def _rows(self, wanted: list[str], k: int) -> list[int]:
        found = self._connection.execute(MATCH, (" AND ".join(wanted), k))
        return [row for (row,) in found]


def _whole(word: str) -> str:
    return f'"{word}"'


def _beginning(word: str) -> str:
    return f'"{word[:LONGEST_BEGINNING]}" *'


def _all_of(words: list[str], form_of_last: Callable[[str], str]) -> str:
    """A query for all words, or for all where two neighbors are written as one."""
    joined = (
        [*words[:place], words[place] + words[place + 1], *words[place + 2 :]]
        for place in range(len(words) - 1)
        if len(words[place]) >= SHORTEST_PART and len(words[place + 1]) > 1
    )
    forms = ([*map(_whole, one[:-1]), form_of_last(one[-1])] for one in (words, *joined))
    return " OR ".join(f"({' AND '.join(form)})" for form in forms)


def database(texts: Iterable[str]) -> bytes:
    """The content of a database.

    Args:
        texts: of every item its id and its title, in row order.
    """
    with closing(_open(":memory:")) as connection:
        _fill(connection, texts)
        return connection.serialize()


def _fill(connection: sqlite3.Connection, texts: Iterable[str]) -> None:
    connection.executescript(CREATE)
    items = connection.executemany(
        "insert into items (rowid, text) values (?, ?)", enumerate(map(_fold, texts))
    ).rowcount
    connection.execute("insert into items (items) values ('optimize')")
    connection.executemany("insert or ignore into typos values (?, ?)", _typos(connection))
    connection.execute(f"pragma user_version = {items}")
    connection.commit()


def _typos(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    words = connection.execute(
        "select term from vocabulary where length(term) between ? and ? "
        "and term not glob '*[0-9]*' order by doc desc, term limit ?",
        (SHORTEST_TYPO, LONGEST_TYPO, MOST_TYPOS),
    ).fetchall()
    for (word,) in words:
        yield word, word
        yield from ((deletion, word) for deletion in _deletions(word))


def _deletions(word: str) -> set[str]:
    """What is left of a word without one of its characters."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def _one_edit_apart(word: str, other: str) -> bool:
    """Whether a character was added, left out or replaced, or two neighbors swapped."""
    if len(word) != len(other):
        return word in _deletions(other) or other in _deletions(word)
    wrong = [place for place in range(len(word)) if word[place] != other[place]]
    if len(wrong) == 2:
        first, second = wrong
        return second == first + 1 and word[first : second + 1] == other[second] + other[first]
    return len(wrong) == 1


def _fold(text: str) -> str:
    """The text without case and accents."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    parts = unicodedata.normalize("NFKD", folded)
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()


def _open(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, check_same_thread=False)
