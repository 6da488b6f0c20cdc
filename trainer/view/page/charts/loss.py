"""The loss at the end of every epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.view.page.charts.axes import Frame, Point, Scale, Tick, round_values

BOTTOM, MARGIN = 240.0, 3.0


@dataclass(frozen=True)
class LossChart:
    """One point per epoch, and ticks for some of the epochs."""

    frame: Frame
    epochs: list[Tick]
    points: list[Point]


def loss_chart(losses: Sequence[float]) -> LossChart:
    """Lays out the losses of at least one epoch."""
    frame = Frame(BOTTOM, round_values(min(losses), max(losses)))
    across = Scale(1, max(len(losses), 2), MARGIN, 100 - MARGIN)
    whole = sorted({round(value) for value in round_values(1, len(losses), 8)})
    return LossChart(
        frame,
        epochs=[Tick(across(epoch), str(epoch)) for epoch in whole if 1 <= epoch <= len(losses)],
        points=[Point(across(e), frame.up(loss), loss) for e, loss in enumerate(losses, start=1)],
    )
