"""Scores and steps of a few hidden rows against many target rows, in registers.

A tile is a piece of a small matrix product: each vector that is loaded meets several others before
it is given up, as in BLAS (Goto and van de Geijn, ACM Trans. Math. Softw. 34(3), 2008). How many
rows a tile has must be known to the compiler, so code is written for each number of hidden rows.

As in `simd`, each operation is an ordinary function, which runs with the JIT off, and has a Numba
overload.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from trainer.compiler import FAST_MATH
from trainer.word2vec.kernels.simd import LANES

# Targets of a tile, by its hidden rows: their product is at most LANES, to have one score a lane.
TARGETS = {1: 8, 2: 8, 3: 5, 4: 4}
MOST_ROWS = max(TARGETS)

_WORD = ir.IntType(64)
_FLOAT = ir.FloatType()
_LANES = ir.VectorType(_FLOAT, LANES)
_ZEROS = ir.Constant(_LANES, [0.0] * LANES)


def score(
    hidden: NDArray[np.float32],
    hidden_starts: NDArray[np.int64],
    first_row: int,
    n_rows: int,
    output: NDArray[np.float32],
    target_starts: NDArray[np.int64],
    first_target: int,
    end: int,
    scores: NDArray[np.float32],
    place: int,
    width: int,
) -> None:
    """Dot products of hidden rows with targets.

    Args:
        hidden: the flat matrix of the hidden rows.
        hidden_starts: int64, where its rows start.
        first_row: the first of the rows, a place in `hidden_starts`.
        n_rows: their number, from 1 to MOST_ROWS.
        output: the flat matrix of the targets.
        target_starts: int64, where its rows start.
        first_target: the first target, a place in `target_starts`.
        end: the place after the last target.
        scores: written: that of row r and target t is at place + (t - first_target) * n_rows + r.
            Up to LANES - 1 scores behind the last are overwritten.
        place: where the first score goes.
        width: columns of both matrices, a multiple of LANES.
    """
    for t in range(first_target, end):
        target = output[target_starts[t] :][:width]
        for r in range(n_rows):
            row = hidden[hidden_starts[first_row + r] :][:width]
            scores[place + (t - first_target) * n_rows + r] = row @ target


def step(
    hidden: NDArray[np.float32],
    hidden_starts: NDArray[np.int64],
    first_row: int,
    n_rows: int,
    output: NDArray[np.float32],
    target_starts: NDArray[np.int64],
    first_target: int,
    end: int,
    errors: NDArray[np.float32],
    place: int,
    width: int,
) -> None:
    """Moves targets pair by pair, t += error h, and then hidden rows, h += sum of error t.

    A hidden row meets targets that the rows before it have moved, and so moves towards those rows,
    as it does in word2vec. One that stands twice gets both of its steps.

    Args:
        hidden: the flat matrix of the hidden rows; changed.
        hidden_starts: int64, where its rows start.
        first_row: the first of the rows, a place in `hidden_starts`.
        n_rows: their number, from 1 to MOST_ROWS.
        output: the flat matrix of the targets; changed.
        target_starts: int64, where its rows start.
        first_target: the first target, a place in `target_starts`.
        end: the place after the last target.
        errors: of each row and target, laid out as the scores of `score`.
        place: where the first error is.
        width: columns of both matrices, a multiple of LANES.
    """
    before = [hidden[hidden_starts[first_row + r] :][:width].copy() for r in range(n_rows)]
    steps = np.zeros((n_rows, width), np.float32)
    for t in range(first_target, end):
        target = output[target_starts[t] :][:width]
        for r in range(n_rows):
            error = errors[place + (t - first_target) * n_rows + r]
            steps[r] += error * target
            target += error * before[r]
    for r in range(n_rows):
        hidden[hidden_starts[first_row + r] :][:width] += steps[r]


def step_together(
    hidden: NDArray[np.float32],
    hidden_starts: NDArray[np.int64],
    first_row: int,
    n_rows: int,
    output: NDArray[np.float32],
    target_starts: NDArray[np.int64],
    first_target: int,
    end: int,
    errors: NDArray[np.float32],
    place: int,
    width: int,
) -> None:
    """Like `step`, but a hidden row meets targets as they were before all of the rows."""
    before = [hidden[hidden_starts[first_row + r] :][:width].copy() for r in range(n_rows)]
    steps = np.zeros((n_rows, width), np.float32)
    for t in range(first_target, end):
        target = output[target_starts[t] :][:width]
        old = target.copy()
        for r in range(n_rows):
            error = errors[place + (t - first_target) * n_rows + r]
            steps[r] += error * old
            target += error * before[r]
    for r in range(n_rows):
        hidden[hidden_starts[first_row + r] :][:width] += steps[r]


class _Emitter:
    """Writes the LLVM code of one call of `score` or `step`."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        def data(place: int) -> Any:
            array = context.make_array(signature.args[place])
            return array(context, builder, arguments[place]).data

        self.builder = builder
        self.hidden, self.hidden_starts = data(0), data(1)
        self.first_row, self.n_rows = arguments[2:4]
        self.output, self.target_starts = data(4), data(5)
        self.first_target, self.end = arguments[6:8]
        self.scores = data(8)
        self.place, self.width = arguments[9], arguments[10]

    def by_rows(self, emit: Callable[[list[Any]], None]) -> None:
        """Code for each number of hidden rows, given pointers to them."""
        for rows in TARGETS:
            with self.builder.if_then(self.builder.icmp_signed("==", self.n_rows, _WORD(rows))):
                places = (self.builder.add(self.first_row, _WORD(r)) for r in range(rows))
                emit([self.row(self.hidden, self.hidden_starts, place) for place in places])

    def row(self, matrix: Any, starts: Any, place: Any) -> Any:
        """A pointer to a row."""
        start = self.builder.load(self.builder.gep(starts, [place]))
        return self.builder.gep(matrix, [start])

    def target(self, place: Any) -> Any:
        """A pointer to a target."""
        return self.row(self.output, self.target_starts, place)

    def score(self, target: Any, rows: int, row: int = 0) -> Any:
        """A pointer to the score of a target and a row."""
        number = self.builder.mul(self.builder.sub(target, self.first_target), _WORD(rows))
        place = self.builder.add(self.builder.add(self.place, number), _WORD(row))
        return self.builder.gep(self.scores, [place])

    def load(self, pointer: Any, column: Any) -> Any:
        return self.builder.load(self._vector(pointer, column), align=4)

    def store(self, vector: Any, pointer: Any, column: Any) -> None:
        self.builder.store(vector, self._vector(pointer, column), align=4)

    def _vector(self, pointer: Any, column: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(pointer, [column]), _LANES.as_pointer())

    def add(self, left: Any, right: Any) -> Any:
        return self.builder.fadd(left, right, flags=FAST_MATH)

    def add_product(self, left: Any, right: Any, total: Any) -> Any:
        """Total + left * right."""
        return self.add(self.builder.fmul(left, right, flags=FAST_MATH), total)

    def broadcast(self, scalar: Any) -> Any:
        undefined = ir.Constant(_LANES, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
        return self._shuffle(first, undefined, [0] * LANES)

    def _shuffle(self, left: Any, right: Any, lanes: list[int]) -> Any:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), lanes)
        return self.builder.shuffle_vector(left, right, mask)

    def columns(self) -> AbstractContextManager[tuple[Any, Any]]:
        """A loop over the first column of each vector of a row."""
        return self._loop(_WORD(0), self.width, LANES)

    def targets(self, stride: int = 1) -> AbstractContextManager[tuple[Any, Any]]:
        """A loop over the places of the targets."""
        return self._loop(self.first_target, self.end, stride)

    def _loop(self, start: Any, stop: Any, stride: int) -> AbstractContextManager[tuple[Any, Any]]:
        loop: AbstractContextManager[tuple[Any, Any]] = cgutils.for_range_slice(
            self.builder, start, stop, _WORD(stride), _WORD
        )
        return loop

    def totals(self, vectors: list[Any]) -> Any:
        """A vector whose lane i is the sum of the lanes of `vectors[i]`; zero where there is none.

        Two vectors are folded into one that has half of each, and so on: sixteen sums take as many
        additions as sixteen lanes have pairs, where one by one they would take four times as many.
        """
        parts = vectors + [_ZEROS] * (LANES - len(vectors))
        while len(parts) > 1:
            half = len(parts) // 2
            pairs = zip(parts[:half], parts[half:], strict=True)
            parts = [self._fold(left, right, LANES // len(parts)) for left, right in pairs]
        return parts[0]

    def _fold(self, left: Any, right: Any, segments: int) -> Any:
        """Adds the halves of each segment of `left` and of `right`, segment by segment."""
        length = LANES // segments
        starts = [s for first in range(0, LANES, length) for s in (first, first + LANES)]
        lower = list(_runs(starts, length // 2))
        upper = [lane + length // 2 for lane in lower]
        return self.add(self._shuffle(left, right, lower), self._shuffle(left, right, upper))


def _runs(starts: list[int], length: int) -> Iterator[int]:
    for start in starts:
        yield from range(start, start + length)


def _emit_score(emitter: _Emitter, rows: list[Any]) -> None:
    builder = emitter.builder
    n_targets = TARGETS[len(rows)]
    last = builder.sub(emitter.end, _WORD(1))
    with emitter.targets(n_targets) as (first, _):
        # A tile that reaches beyond the last target repeats it.
        places = [builder.add(first, _WORD(t)) for t in range(n_targets)]
        inside = [builder.icmp_signed("<", place, emitter.end) for place in places]
        targets = [
            emitter.target(builder.select(is_one, place, last))
            for is_one, place in zip(inside, places, strict=True)
        ]
        sums = [cgutils.alloca_once_value(builder, _ZEROS) for _ in targets for _ in rows]
        with emitter.columns() as (column, _):
            parts = [emitter.load(row, column) for row in rows]
            for t, target in enumerate(targets):
                vector = emitter.load(target, column)
                for part, total in zip(parts, sums[t * len(rows) :], strict=False):
                    builder.store(emitter.add_product(part, vector, builder.load(total)), total)
        lanes = emitter.totals([builder.load(total) for total in sums])
        emitter.store(lanes, emitter.score(first, len(rows)), _WORD(0))


def _emit_step(emitter: _Emitter, rows: list[Any], *, together: bool) -> None:
    builder = emitter.builder
    with emitter.columns() as (column, _):
        parts = [emitter.load(row, column) for row in rows]
        steps = [cgutils.alloca_once_value(builder, _ZEROS) for _ in rows]
        with emitter.targets() as (t, _):
            target = emitter.target(t)
            before = after = emitter.load(target, column)
            for r, (part, moved) in enumerate(zip(parts, steps, strict=True)):
                error = emitter.broadcast(builder.load(emitter.score(t, len(rows), r)))
                met = before if together else after
                builder.store(emitter.add_product(met, error, builder.load(moved)), moved)
                after = emitter.add_product(part, error, after)
            emitter.store(after, target, column)
        for row, moved in zip(rows, steps, strict=True):
            emitter.store(emitter.add(emitter.load(row, column), builder.load(moved)), row, column)


def _compile(function: Any, emit_rows: Callable[[_Emitter, list[Any]], None]) -> None:
    @intrinsic
    def emit(
        _: Any,
        a: Any,
        b: Any,
        c: Any,
        d: Any,
        e: Any,
        f: Any,
        g: Any,
        h: Any,
        i: Any,
        j: Any,
        k: Any,
    ) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            emitter = _Emitter(context, builder, signature, arguments)
            emitter.by_rows(lambda rows: emit_rows(emitter, rows))
            return context.get_dummy_value()

        whole = types.intp
        return types.void(a, b, whole, whole, e, f, whole, whole, i, whole, whole), codegen

    overload(function, strict=False)(
        lambda *_: lambda a, b, c, d, e, f, g, h, i, j, k: emit(a, b, c, d, e, f, g, h, i, j, k)
    )


_compile(score, _emit_score)
_compile(step, partial(_emit_step, together=False))
_compile(step_together, partial(_emit_step, together=True))
