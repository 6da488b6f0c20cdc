"""The artifact: one trained model as one directory.

    manifest.json        what it is: versions, configuration, data report, metrics, checksums
    manifest.sha256      the checksum of the manifest, as `sha256sum` writes it
    report.html          the page of the gate, for people, if it compared the model with others
    item_ids.npy         uint8, the ids in row order, UTF-8, one after another
    item_ids_offsets.npy int64 [known + 1], where each id begins, and where the last one ends
    id_hashes.npy        uint64 [known], the hashes of the ids, ascending (see `ItemIds`)
    id_rows.npy          int32 [known], the row of each hash
    titles.npy, titles_offsets.npy   the titles, as the ids are; a missing one is empty
    titles_missing.npy   bool [known]
    metadata.npy, metadata_offsets.npy   JSON texts, as the ids are: all values of the first
                         column in row order, then those of the second; the manifest names them
    columns_*.npy        titles and metadata as numbers and codes of texts, in two files of numbers
                         and codes by column, two of lists and two of the texts (see `Columns`)
    counts.npy           int64 [known], occurrences in training
    input_vectors.npy    float32 [items, vector_size]
    output_vectors.npy   float32 [items, vector_size]
    cosine.faiss         inner-product index over the unit input vectors and a discount for rare
                         items, in row order (see `service.model.similarity`)
    neighbors_items.npy  int32 [items, n], the n most similar other items of each item, best first;
                         n is 0 if none were searched (see `NeighborLists`)
    neighbors_scores.npy float32 [items, n]
    search.sqlite        a full-text index of ids and titles (see `Search`)
    next_*.npy           the table of what comes next, if there is one (see `Continuations`)
    sequences_*.npy      what came right after short sequences of items (see `Sequences`)
    recent_counts.npy    int32 [items], occurrences among the newest events, or empty
    map.npy              POINT [items], every item in a plane, if there is a map (see `ItemMap`)

`items` are those that were trained, `known` are they and the untrained ones, whose rows come last:
only what is said of items has them, nothing that answers are made from.

Large files are mapped, so that processes share them, and nothing is made of all items when an
artifact is loaded. The directory is named after its model version. `service.model.writer` writes
it, `service.model.reader` reads it, and `service.model.checks`, `service.model.string_checks` and
`service.model.column_checks` say what its content must be.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import faiss
import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.model.columns import Columns, Kind
from service.model.continuations import Continuations, NextSettings
from service.model.item_ids import ItemIds
from service.model.item_map import ItemMap, MapSettings
from service.model.lineage import Alignment, Drift
from service.model.neighbors import NeighborLists
from service.model.search import Search
from service.model.similarity import SimilarSettings
from service.model.untrained import NOTHING_UNTRAINED, Untrained, together
from service.model.verdict import Verdict

FORMAT_VERSION = 8
# 4: without vector space, alignment, drift, and the verdict of the gate; 5: without untrained items
# 6: without what came right after sequences of items; 7: without a map
OLDEST_FORMAT_VERSION = 4
MANIFEST, MANIFEST_CHECKSUM = "manifest.json", "manifest.sha256"
ITEM_IDS, ITEM_IDS_OFFSETS = "item_ids.npy", "item_ids_offsets.npy"
ID_HASHES, ID_ROWS = "id_hashes.npy", "id_rows.npy"
TITLES, TITLES_OFFSETS = "titles.npy", "titles_offsets.npy"
TITLES_MISSING = "titles_missing.npy"
METADATA, METADATA_OFFSETS = "metadata.npy", "metadata_offsets.npy"
COLUMN_NUMBERS, COLUMN_CODES = "columns_numbers.npy", "columns_codes.npy"
COLUMN_LISTS, COLUMN_LISTS_OFFSETS = "columns_lists.npy", "columns_lists_offsets.npy"
COLUMN_TEXTS, COLUMN_TEXTS_OFFSETS = "columns_texts.npy", "columns_texts_offsets.npy"
COUNTS = "counts.npy"
INPUT_VECTORS = "input_vectors.npy"
OUTPUT_VECTORS = "output_vectors.npy"
COSINE_INDEX = "cosine.faiss"
NEIGHBORS, NEIGHBORS_SCORES = "neighbors_items.npy", "neighbors_scores.npy"
ARRAYS = (
    ITEM_IDS,
    ITEM_IDS_OFFSETS,
    ID_HASHES,
    ID_ROWS,
    TITLES,
    TITLES_OFFSETS,
    TITLES_MISSING,
    METADATA,
    METADATA_OFFSETS,
    COLUMN_NUMBERS,
    COLUMN_CODES,
    COLUMN_LISTS,
    COLUMN_LISTS_OFFSETS,
    COLUMN_TEXTS,
    COLUMN_TEXTS_OFFSETS,
    COUNTS,
    INPUT_VECTORS,
    OUTPUT_VECTORS,
    NEIGHBORS,
    NEIGHBORS_SCORES,
)
SEARCH = "search.sqlite"
REPORT = "report.html"
FILES = (*ARRAYS, COSINE_INDEX, SEARCH)
TABLE, TABLE_OFFSETS, TABLE_SCORES = "next_items.npy", "next_offsets.npy", "next_scores.npy"
SEQUENCES, SEQUENCES_OFFSETS = "sequences_items.npy", "sequences_offsets.npy"
SEQUENCES_KEYS, SEQUENCES_SHARES = "sequences_keys.npy", "sequences_shares.npy"
RECENT_COUNTS = "recent_counts.npy"
MAP = "map.npy"
TABLE_FILES = (TABLE, TABLE_OFFSETS, TABLE_SCORES)
SEQUENCES_FILES = (SEQUENCES, SEQUENCES_OFFSETS, SEQUENCES_KEYS, SEQUENCES_SHARES, RECENT_COUNTS)
NEXT_FILES = TABLE_FILES + SEQUENCES_FILES
WITHOUT_SEQUENCES = 6  # the newest format
OutputRows = Literal["items", "nodes", "none"]
VERSION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"  # safe as a file name and in a header


class Manifest(BaseModel):
    """The description of an artifact, in its manifest.json."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    format_version: int = FORMAT_VERSION
    model_version: str = Field(pattern=VERSION_PATTERN)
    created: AwareDatetime
    items: int = Field(ge=1, description="those that were trained")
    untrained: int = Field(
        0, ge=0, description="items that are known from elsewhere than the log: in no answer"
    )
    vector_size: int = Field(ge=1)
    output: OutputRows = Field(
        description="what the output vectors belong to: items, inner nodes of the tree of "
        "hierarchical softmax, or none if all of them are zero"
    )
    config: dict[str, Any] = Field(description="every effective setting of the training run")
    data: dict[str, Any] = Field(description="what was read, dropped and kept, and its time range")
    metrics: dict[str, Any] = Field(description="figures of the training run and of its evaluation")
    verdict: str = Field(description="why it may or may not be published")
    gate: Verdict | None = Field(None, description="every check of the gate; null without one")
    similar: SimilarSettings = Field(description="how `similar` is answered")
    metadata: dict[str, Kind] = Field(
        default_factory=dict, description="the metadata columns, and what a filter takes them for"
    )
    next: NextSettings | None = Field(None, description="how `next` is answered; null if it is not")
    map: MapSettings | None = Field(
        None, description="how items were put on the map; null if there is none"
    )
    vector_space_id: str | None = Field(
        None,
        description="the first version whose vectors have these axes: vectors of versions with the "
        "same one can be compared; null if unknown",
    )
    alignment: Alignment | None = Field(
        None, description="how vectors were turned onto those of the version before"
    )
    drift: Drift | None = Field(
        None, description="how far answers agree with those of the version before"
    )
    sha256: dict[str, str] = Field(default_factory=dict, description="checksum of every data file")

    @property
    def known(self) -> int:
        """The number of items, untrained ones too."""
        return self.items + self.untrained

    @property
    def refused(self) -> bool:
        """Whether the gate refused to publish it."""
        return self.gate is not None and self.gate.outcome == "refused"

    @property
    def vector_space(self) -> str:
        """The space of its vectors, which is its own if no other is known."""
        return self.vector_space_id or self.model_version

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the data files."""
        of_next = () if self.next is None else self.next_files
        of_map = () if self.map is None else (MAP,)
        return (*FILES, *of_next, *of_map)

    @property
    def next_files(self) -> tuple[str, ...]:
        """The names of those that say what comes next."""
        has_sequences = self.format_version > WITHOUT_SEQUENCES
        return NEXT_FILES if has_sequences else TABLE_FILES


@dataclass(frozen=True, eq=False)
class Artifact:
    """A trained model in memory.

    Strings are lists where a model was just made, and mapped columns (`service.model.strings`)
    where it was loaded.

    Attributes:
        manifest: the description of the artifact.
        item_ids: ids of the trained items in row order, most frequent first.
        titles: one per row, None for an item without a title.
        metadata: further columns, name to one value per row.
        counts: int64 [items], occurrences in training.
        input_vectors: float32 [items, vector_size].
        output_vectors: float32 [items, vector_size].
        cosine_index: inner-product index of `vector_size` + 1 columns, in row order; see
            `service.model.similarity.answer_rows`.
        continuations: the table of what comes next, or None.
        neighbors: the most similar items of every item, or None if they must be searched.
        map: every trained item in a plane, or None.
        untrained: what is known of further items.
        search: the full-text index, or None where a model was just made.
        stored_ids: see `ids`; None where a model was just made.
        stored_columns: what filters read, or None where a model was just made; see `columns`.
        report: the page of the gate, in HTML, or None; it is written, but not loaded.
    """

    manifest: Manifest
    item_ids: Sequence[str]
    titles: Sequence[str | None]
    metadata: Mapping[str, Sequence[Any]]
    counts: NDArray[np.int64]
    input_vectors: NDArray[np.float32]
    output_vectors: NDArray[np.float32]
    cosine_index: faiss.Index
    continuations: Continuations | None = None
    neighbors: NeighborLists | None = None
    map: ItemMap | None = None
    untrained: Untrained = NOTHING_UNTRAINED
    search: Search | None = None
    stored_ids: ItemIds | None = None
    stored_columns: Columns | None = None
    report: str | None = None

    def __repr__(self) -> str:
        """One line: the fields of a large model would fill a screen."""
        manifest = self.manifest
        return f"<Artifact {manifest.model_version}: {manifest.items:,} items>"

    @cached_property
    def ids(self) -> ItemIds:
        """The ids of all items, the untrained ones last.

        Raises:
            InputError: a model was just made, and UTF-8 cannot hold one of its ids.
        """
        return self.stored_ids or ItemIds.of(together(self.item_ids, self.untrained.item_ids))

    @cached_property
    def columns(self) -> Columns:
        """Titles, counts and metadata of all items, as filters read them.

        Raises:
            InputError: a model was just made, and UTF-8 cannot hold one of its texts.
        """
        if self.stored_columns is not None:
            return self.stored_columns
        counts = np.append(self.counts, np.zeros(len(self.untrained), np.int64))
        return Columns.of(self.all_metadata(), self.all_titles(), counts)

    def all_titles(self) -> Sequence[str | None]:
        """The titles of all items, the untrained ones last."""
        return together(self.titles, self.untrained.titles)

    def all_metadata(self) -> dict[str, Sequence[Any]]:
        """The metadata of all items, the untrained ones last."""
        others = self.untrained.metadata
        return {
            name: together(values, others.get(name, ())) for name, values in self.metadata.items()
        }

    def texts(self) -> Iterator[str]:
        """What an item is found by, for every item in row order."""
        for item_id, title in zip(self.ids, self.all_titles(), strict=True):
            yield f"{item_id} {title or ''}"
