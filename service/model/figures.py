"""What the gate measured of a version, in the one metric that versions are compared by."""

from pydantic import BaseModel, ConfigDict, Field

from service.model.artifact import Manifest


class Figure(BaseModel):
    """How often the right item was found among sessions that were held out."""

    model_config = ConfigDict(frozen=True)

    metric: str = Field(examples=["NDCG@20"])
    value: float
    low: float = Field(description="Of the interval of 95 %.")
    high: float
    others: dict[str, float] = Field(description="The same of the models beside it, by name.")


def figures_of(manifest: Manifest) -> dict[str, Figure]:
    """The figures of each comparison, by its name; none without a gate that compares."""
    if manifest.gate is None:
        return {}
    metric = manifest.config["gate"]["compared_by"]
    figures = {}
    for name, evaluation in manifest.gate.evaluations.items():
        estimates = {
            model: scores["estimates"].get(metric) for model, scores in evaluation["models"].items()
        }
        (_, own), *beside = estimates.items()
        if own is not None:
            others = {model: estimate["value"] for model, estimate in beside if estimate}
            figures[name] = Figure(metric=metric, **own, others=others)
    return figures
