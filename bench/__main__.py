"""Runs the benchmarks that fit in a quarter of an hour: `python -m bench`."""

from bench import quality, throughput, variants
from bench.report import publish
from trainer.config.cores import usable_cores


def main() -> None:
    """Measures, prints tables, writes bench/out/bench.md and bench.json."""
    parts = [
        throughput.measure(items=1_500_000, rounds=3),
        variants.measure(items=1_500_000, rounds=2),
        quality.measure(seeds=5, processes=usable_cores()),
    ]
    publish("bench", parts)


if __name__ == "__main__":
    main()
