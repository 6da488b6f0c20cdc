"""Slow, obvious twin of a layout's step: float64 NumPy, pair by pair."""

import numpy as np

from trainer.maps.kernels import Pairs


class Layout:
    """Items that are drawn together and pushed apart, as PaCMAP does it.

    Args:
        places: float [items, 2].
        pairs: each with either of its items; every pair counts for the item that it is listed for.
    """

    def __init__(self, places: np.ndarray, pairs: Pairs):
        self.places = np.asarray(places, np.float64)
        self.pairs = pairs
        self.first = np.zeros_like(self.places)
        self.second = np.zeros_like(self.places)
        self.steps = 0

    def gradient(self, strengths: tuple[float, float, float]) -> np.ndarray:
        """By the losses d / (10 + d), d / (10,000 + d), 1 / (1 + d), d one more than distance²."""
        near, middling, far = strengths
        found = np.zeros_like(self.places)
        for strength, reach, partners in (
            (near, 10, self.pairs.near),
            (middling, 10_000, self.pairs.middling),
            (-far, 1, self.pairs.far),
        ):
            for item in range(len(self.places)):
                for other in partners.items[partners.offsets[item] : partners.offsets[item + 1]]:
                    apart = self.places[item] - self.places[other]
                    d = 1 + apart @ apart
                    found[item] += strength * 2 * apart * reach / (reach + d) ** 2
        return found

    def step(self, strengths: tuple[float, float, float]) -> None:
        """A step of Adam of the rate 1."""
        self.steps += 1
        gradient = self.gradient(strengths)
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.999 * self.second + 0.001 * gradient**2
        mean = self.first / (1 - 0.9**self.steps)
        scale = np.sqrt(self.second / (1 - 0.999**self.steps))
        self.places = self.places - mean / (scale + 1e-7 / np.sqrt(1 - 0.999**self.steps))
