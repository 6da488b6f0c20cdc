"""Makes a servable model from a word2vec file."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from service.model.artifact import Artifact, Manifest
from service.model.similarity import SimilarSettings
from service.model.store import Store
from trainer.artifacts.index import cosine_index
from trainer.artifacts.mapped import with_map
from trainer.artifacts.neighbors import with_neighbors
from trainer.artifacts.word2vec_files import read_vectors
from trainer.config.cores import usable_cores
from trainer.config.sections import IndexConfig, MapConfig

VERDICT = (
    "imported, not trained here: the file has no counts (all are 1, its order is kept as most "
    "popular first) and no output vectors (all are zero)"
)


def import_vectors(
    path: Path, store: Store, index: IndexConfig, layout: MapConfig | None = None
) -> Manifest:
    """Stores a word2vec file as a servable version, without making it current; see `read_model`."""
    return store.add(
        lambda version: with_map(
            read_model(path, version, index), layout or MapConfig(), usable_cores()
        )
    )


def read_model(path: Path, version: str, index: IndexConfig) -> Artifact:
    """Makes a servable model of a word2vec file.

    A word2vec file has neither counts nor output vectors. Every count is set to 1, because an
    invented count would look like a measured one; popularity is the order of the file, which is by
    frequency. The output vectors are zeros. The verdict in the manifest says so, and
    `config["imported"]` describes the file.

    Raises:
        InputError: the file is missing, or not a complete word2vec file; names the row.
    """
    imported = read_vectors(path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    rows, columns = imported.vectors.shape
    origin = {"file": path.name, "format": imported.format, "sha256": sha256}
    counts = np.ones(rows, np.int64)
    no_discount = SimilarSettings()
    artifact = Artifact(
        manifest=Manifest(
            model_version=version,
            created=datetime.now(UTC),
            items=rows,
            vector_size=columns,
            output="none",
            config={"imported": origin, "index": index.model_dump(mode="json")},
            data={},
            metrics={},
            verdict=VERDICT,
            similar=no_discount,
            vector_space_id=version,
        ),
        item_ids=imported.item_ids,
        titles=[None] * rows,
        metadata={},
        counts=counts,
        input_vectors=imported.vectors,
        output_vectors=np.zeros_like(imported.vectors),
        cosine_index=cosine_index(imported.vectors, counts, no_discount, index, usable_cores()),
    )
    return with_neighbors(artifact, index.stored_neighbors, usable_cores())
