"""Measures single-precision matrix products of one thread, the ceiling of a block gradient.

BLAS reads its number of threads when it is loaded, so the products run in a process of their own.
"""

import os
import subprocess
import sys
import time

import numpy as np

SIZE = 1024
PRODUCTS = 20
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS"), "1"
)


def sgemm_gflops() -> float:
    """GFLOP/s of one thread: the median over products of 1024 x 1024 matrices."""
    command = [sys.executable, "-m", "bench.sgemm"]
    answer = subprocess.run(
        command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
    )
    return float(answer.stdout)


def _measure() -> float:
    left = np.random.default_rng(0).random((SIZE, SIZE), np.float32)
    right = left.T.copy()
    product = left @ right
    seconds = []
    for _ in range(PRODUCTS):
        started = time.perf_counter()
        np.matmul(left, right, out=product)
        seconds.append(time.perf_counter() - started)
    return float(2 * SIZE**3 / np.median(seconds) / 1e9)


if __name__ == "__main__":
    print(_measure())
