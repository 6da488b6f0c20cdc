"""The file of items: what is known of them beside the log."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl

from service.model.errors import EventLogError
from trainer.config.data import DataConfig, FilesConfig, ItemsConfig
from trainer.corpus import ItemsReport
from trainer.events.log.conditions import one_line
from trainer.events.log.opening import open_log
from trainer.events.log.reader import ITEM, METADATA_PREFIX, SESSION, TITLE, read_events

# What messages about a log say, and what it is called here.
NAMES = {"(named as `item`)": "(named as `id`)", "the event log is empty": "it has no items"}
FEW = 0.5  # of the items of the log in the file: ids are probably spelled in another way


@dataclass(frozen=True, eq=False)
class ItemsFile:
    """The rows of a file of items, each item once.

    Attributes:
        table: the column item (str), and those of title and metadata that are named.
        rows: how many there were.
        without_id: how many of them had no id, and were left out.
        title: the column of the titles.
        remarks: on how the file was read, for people.
    """

    table: pl.DataFrame
    rows: int
    without_id: int
    title: str | None
    remarks: tuple[str, ...] = ()

    def item_ids(self) -> list[str]:
        """All items, in the order of the file."""
        return self.table.get_column(ITEM).to_list()

    def columns(self, item_ids: Sequence[str]) -> dict[str, list[Any]]:
        """The title and metadata of each item, as `Descriptions.of` returns them."""
        items = pl.DataFrame({ITEM: item_ids}, schema={ITEM: pl.String})
        found = items.join(self.table, on=ITEM, how="left", maintain_order="left").drop(ITEM)
        return {column.name: column.to_list() for column in found}

    def report(self, trained: Collection[str]) -> ItemsReport:
        """What became of its rows, by the items that are trained."""
        found = sum(item_id in trained for item_id in self.item_ids())
        return ItemsReport(
            rows=self.rows,
            without_id=self.without_id,
            replaced=self.rows - self.without_id - self.table.height,
            trained=found,
            untrained=self.table.height - found,
            title=self.title,
        )

    def notes(self, trained: Sequence[str]) -> list[str]:
        """Remarks on the file; if few of the trained items are in it, with examples of both."""
        remarks = [f"file of items: {remark}" for remark in self.remarks]
        of_file, of_log = dict.fromkeys(self.item_ids()), dict.fromkeys(trained)
        missing = [item_id for item_id in of_log if item_id not in of_file]
        found = len(of_log) - len(missing)
        if found >= FEW * len(of_log):
            return remarks
        other = next((item_id for item_id in of_file if item_id not in of_log), None)
        spelled = f"the log has {missing[0]!r}, the file does not"
        if other is not None:
            spelled = f"are ids spelled alike? The log has {missing[0]!r}, the file {other!r}"
        return [
            *remarks,
            f"ONLY {found:,} of {len(of_log):,} items are in the file of items: {spelled}",
        ]


def read_items(config: ItemsConfig, data: DataConfig) -> ItemsFile | None:
    """Reads the file of items, as a log is read; None without one.

    Of several rows with one id, the last counts. Blanks around a text are removed; an empty one is
    missing.

    Args:
        config: where it is, and what its columns mean.
        data: the same of the log.

    Raises:
        EventLogError: naming the path, column or row that cannot be used.
    """
    if not config.paths:
        return None
    with _named():
        column = config.id or data.item
        as_log = DataConfig(
            **{name: getattr(config, name) for name in FilesConfig.model_fields},
            item=column,
            session=column,  # a log has one
            title=config.title,
            metadata=config.metadata,
            scratch=data.scratch,
        )
        _check_kind(as_log)
        pieces = list(read_events(as_log))
        tables = [_stripped(piece.table.drop(SESSION)) for piece in pieces]
        table = pl.concat(tables, how="vertical_relaxed")
        if config.list_separator:
            table = _with_lists(table, config.list_separator)
    known = table.drop_nulls(ITEM)
    last = known.unique(ITEM, keep="last", maintain_order=True)
    remarks = dict.fromkeys(note for piece in pieces for note in piece.notes)
    return ItemsFile(last, table.height, table.height - known.height, config.title, tuple(remarks))


def _check_kind(config: DataConfig) -> None:
    with ExitStack() as copies:
        for source in open_log(config, copies):
            if source.format.fixed:
                raise EventLogError(
                    f"{source.name}: a .txt file holds sessions, not items with their columns"
                )


def _stripped(table: pl.DataFrame) -> pl.DataFrame:
    texts = [
        name
        for name, kind in table.schema.items()
        if kind == pl.String and (name == TITLE or name.startswith(METADATA_PREFIX))
    ]
    text = pl.col(texts).str.strip_chars()
    return table.with_columns(pl.when(text != "").then(text).name.keep()) if texts else table


def _with_lists(table: pl.DataFrame, separator: str) -> pl.DataFrame:
    """The metadata that have a separator in any row, as lists of texts without blanks around."""
    part = pl.element().str.strip_chars()
    lists = [
        column.str.split(separator).list.eval(part.filter(part != "")).alias(column.name)
        for column in table
        if column.name.startswith(METADATA_PREFIX)
        and column.dtype == pl.String
        and column.str.contains(separator, literal=True).any()
    ]
    return table.with_columns(lists)


@contextmanager
def _named() -> Iterator[None]:
    """Makes errors say that they are about the items."""
    try:
        yield
    except EventLogError as error:
        message = str(error)
        for of_a_log, here in NAMES.items():
            message = message.replace(of_a_log, here)
        raise EventLogError(f"[items] {message}") from None
    except pl.exceptions.PolarsError as error:
        raise EventLogError(
            f"[items] a column differs from file to file: {one_line(error)}"
        ) from None
