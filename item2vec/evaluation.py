"""Evaluates the settings of a model on a held-out part of a log."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from item2vec.logs import read_log
from item2vec.settings import EVALUATION, read_config
from item2vec.tables import Library, as_frame
from service.model.artifact import Manifest
from service.model.disk import replacing
from service.model.errors import InputError
from trainer.config.data import DataConfig
from trainer.events.log.frames import SESSIONS, TABLE, FrameConfig
from trainer.jobs.evaluate import EvaluationRun, evaluate_held_out
from trainer.view import tables
from trainer.view.choice import display
from trainer.view.plain import plain_text

SECTIONS = ("data", "items", "training", "index", "similar", "next", "evaluation")
KINDS = {"model": str, "metric": str, "value": float, "low": float, "high": float}


class Evaluation:
    """A model and simple ones beside it, asked the same; its text is the table of `evaluate`.

    Args:
        run: the evaluation, and what it was made with.
    """

    def __init__(self, run: EvaluationRun) -> None:
        self.run = run

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Of each model, "HR@10", "NDCG@10", "MRR@10" and so on."""
        return {
            model: {metric: estimate.value for metric, estimate in scores.estimates.items()}
            for model, scores in self.run.evaluation.models.items()
        }

    def to_frame(self, library: Library = "polars") -> Any:
        """A row for each metric of each model, with the ends of its 95 % interval."""
        rows = [
            (model, metric, estimate.value, estimate.low, estimate.high)
            for model, scores in self.run.evaluation.models.items()
            for metric, estimate in scores.estimates.items()
        ]
        return as_frame(KINDS, rows, library)

    def save(self, file: str | Path) -> None:
        """Writes the page of the evaluation, with charts, as HTML."""
        with replacing(Path(file)) as page:
            page.write(self.run.page().encode())

    def __repr__(self) -> str:
        """The tables of `item2vec evaluate`."""
        return plain_text(
            self.run.holdout.description,
            tables.evaluation_table(self.run.evaluation),
            "",
            tables.neighborhood_table(self.run.interchangeability),
        )

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def evaluate(
    manifest: Manifest,
    data: DataConfig | None,
    log: Any,
    progress: bool | None,
    settings: Mapping[str, Any],
) -> Evaluation:
    """See `Model.evaluate`.

    Args:
        manifest: of the model, which has its settings.
        data: the log the model was trained on, if it is at hand.
        log: another one, or None.
        progress: whether to show it.
        settings: those that differ from the model's.
    """
    if "imported" in manifest.config:
        raise InputError(
            f"version {manifest.model_version} was imported, so nothing is known of how to train "
            "it: item2vec.train(log).evaluate()"
        )
    base = {name: manifest.config[name] for name in SECTIONS if name in manifest.config}
    source, frame = ({}, None) if log is None else read_log(log)
    config = read_config(settings, base, source, EVALUATION)
    if log is None and isinstance(data, FrameConfig):
        frame = data.frame
    if frame is not None:
        in_memory = FrameConfig.of(frame, config.data)
        config = config.model_copy(update={"data": in_memory})
    elif config.data.paths in ([TABLE], [SESSIONS]):
        raise InputError(
            f"the model was trained on {config.data.paths[0]}, which is not stored with it: hand "
            "it over, model.evaluate(log)"
        )
    return Evaluation(evaluate_held_out(config, display(progress)))
