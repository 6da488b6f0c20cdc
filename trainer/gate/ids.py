"""What became of item ids since the current version: known, lost, new, or written otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.verdict import Check
from trainer.config.gate import GateConfig
from trainer.corpus import Dataset, Vocabulary
from trainer.gate.checks import SHARE, Limits, check_range, not_made, share

SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "leading zeros": lambda item_id: item_id.lstrip("0"),
    "the case of letters": str.casefold,
    "white space": lambda item_id: "".join(item_id.split()),
    "a trailing .0": lambda item_id: item_id.removesuffix(".0"),
}


@dataclass(frozen=True, eq=False)
class Ids:
    """The ids of a log beside those of the current version.

    Attributes:
        current: the current version.
        vocabulary: of the log.
        lost: int64, rows of the current version whose ids the log lacks.
        new: int64, rows of the log whose ids the current version lacks.
        lost_share: the share of the current version's events that are of lost items.
        new_share: the share of the log's events that are of new items.
    """

    current: Artifact
    vocabulary: Vocabulary
    lost: NDArray[np.int64]
    new: NDArray[np.int64]
    lost_share: float
    new_share: float


def compare_ids(vocabulary: Vocabulary, current: Artifact) -> Ids:
    """Finds the ids that only one side has."""
    known = Vocabulary(list(current.item_ids), np.asarray(current.counts))
    rows = known.rows(vocabulary.item_ids)
    is_lost = np.ones(len(known), np.bool_)
    is_lost[rows[rows >= 0]] = False
    lost, new = np.flatnonzero(is_lost), np.flatnonzero(rows < 0)
    return Ids(
        current=current,
        vocabulary=vocabulary,
        lost=lost,
        new=new,
        lost_share=float(known.counts[lost].sum() / known.counts.sum()),
        new_share=float(vocabulary.counts[new].sum() / vocabulary.counts.sum()),
    )


def guard_ids(
    dataset: Dataset, current: Artifact, config: GateConfig, growth: float
) -> list[Check]:
    """Whether the log still speaks of the same items, by the same ids and titles.

    Args:
        dataset: what the log was read into.
        current: the current version.
        config: the limits.
        growth: how much longer the log is than that of the current version, at least 1: so much
            more may be new.
    """
    ids = compare_ids(dataset.vocabulary, current)
    new_items = 1 - (1 - config.new_items) / growth
    lost = f", such as {current.item_ids[int(ids.lost[0])]!r}" if len(ids.lost) else ""
    new = f", such as {dataset.vocabulary.item_ids[int(ids.new[0])]!r}" if len(ids.new) else ""
    return [
        check_range(
            "lost items",
            "log",
            ids.lost_share,
            f"the log no longer has {len(ids.lost):,} of the current version's items{lost}, with "
            f"{share(ids.lost_share)} of its events",
            Limits(most=config.lost_items, form=SHARE, setting="gate.lost_items"),
        ),
        check_range(
            "new items",
            "log",
            ids.new_share,
            f"{share(ids.new_share)} of the events are of {len(ids.new):,} items that the current "
            f"version lacks{new}",
            Limits(most=new_items, form=SHARE, setting="gate.new_items"),
        ),
        _spelling(ids, config),
        _titles(dataset, ids, config),
    ]


def _spelling(ids: Ids, config: GateConfig) -> Check:
    """Whether lost ids come back in another spelling."""
    total = ids.current.counts.sum()
    lost = [(ids.current.item_ids[row], row) for row in ids.lost.tolist()]
    respelled = {}
    for name, normal in SPELLINGS.items():
        new = {normal(ids.vocabulary.item_ids[row]) for row in ids.new.tolist()}
        events = sum(
            int(ids.current.counts[row]) for item_id, row in lost if normal(item_id) in new
        )
        respelled[name] = events / total
    name = max(respelled, key=respelled.__getitem__)
    found = respelled[name]
    sentence = f"ids of {share(found)} of the current version's events are lost and come back "
    return check_range(
        "spelling of ids",
        "log",
        float(found),
        f"{sentence}differing in {name} alone",
        Limits(most=config.respelled_items, form=SHARE, setting="gate.respelled_items"),
    )


def _titles(dataset: Dataset, ids: Ids, config: GateConfig) -> Check:
    """Whether known items still have their titles, where these come from the same place."""
    was, now = ids.current.manifest.data.get("items_file"), dataset.report.items_file
    columns = was and was.get("title"), now and now.title
    if columns[0] != columns[1]:
        places = [f"column {one!r} of the file of items" if one else "the log" for one in columns]
        why = f"titles come from {places[1]}, those of the current version from {places[0]}"
        return not_made("titles", "log", why)
    before = dict(zip(ids.current.item_ids, ids.current.titles, strict=True))
    pairs = [
        (before[item_id], title)
        for item_id, title in zip(dataset.vocabulary.item_ids, dataset.titles, strict=True)
        if before.get(item_id) is not None
    ]
    if not pairs:
        return not_made("titles", "log", "no known item has a title")
    changed = [pair for pair in pairs if pair[0] != pair[1]]
    example = f", such as {changed[0][0]!r}, now {changed[0][1]!r}" if changed else ""
    return check_range(
        "titles",
        "log",
        len(changed) / len(pairs),
        f"{share(len(changed) / len(pairs))} of the known items have another title{example}",
        Limits(most=config.changed_titles, form=SHARE, setting="gate.changed_titles"),
    )
