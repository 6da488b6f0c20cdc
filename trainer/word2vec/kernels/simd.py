"""Vectors of sixteen floats, and the operations on them that the kernels are written in.

Numba leaves vectorising to LLVM, which handles the short inner loops of word2vec badly. Here the
sixteen lanes are a type (`<16 x float>` in LLVM), so that a kernel itself decides what stays in
registers. LLVM splits a vector into as many registers as the machine needs: one with AVX-512, two
with AVX2, four with NEON.

Each operation is an ordinary function on sixteen float32, which runs with the JIT off, and has a
Numba overload. The operators +, -, * and / between two vectors, or a vector and a float32, have
overloads too.
"""

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

from trainer.compiler import FAST_MATH

LANES = 16

Vector = NDArray[np.float32]


def load(flat: Vector, start: int) -> Vector:
    """The sixteen floats of `flat` from `start` on."""
    return flat[start : start + LANES].copy()


def store(flat: Vector, start: int, vector: Vector) -> None:
    """Writes a vector into `flat` from `start` on."""
    flat[start : start + LANES] = vector


def zeros() -> Vector:
    """Sixteen zeros."""
    return np.zeros(LANES, np.float32)


def floor(vector: Vector) -> Vector:
    """Each lane rounded down."""
    return np.floor(vector)


def negative_abs(vector: Vector) -> Vector:
    """Minus the absolute value of each lane."""
    return -np.abs(vector)


def maximum(vector: Vector, least: np.float32) -> Vector:
    """Each lane, but at least `least`."""
    return np.maximum(vector, least)


def where_negative(condition: Vector, negative: Vector, other: Vector) -> Vector:
    """The lanes of `negative` where `condition` is below zero, elsewhere those of `other`."""
    return np.where(condition < 0, negative, other)


def power_of_two(whole: Vector) -> Vector:
    """2^n for each lane, a whole number n from -126 to 127: n becomes the exponent's bits."""
    bits = (whole.astype(np.int32) + np.int32(127)) << np.int32(23)
    return bits.view(np.float32)


def first_lanes(n: int) -> Vector:
    """One in the first n lanes, zero in the others; n may be negative or more than sixteen."""
    return (np.arange(LANES) < n).astype(np.float32)


def total(vector: Vector) -> np.float32:
    """The sum of the sixteen lanes."""
    lanes: np.float32 = vector.sum(dtype=np.float32)
    return lanes


def prefetch(flat: Vector, start: int | np.int64) -> None:
    """Loads the cache line at `start` into the cache, ahead of its use."""


# The same for Numba: an intrinsic returns its signature and the function that writes its LLVM code.

_FLOAT = ir.FloatType()
_LANES = ir.VectorType(_FLOAT, LANES)
_INTEGERS = ir.VectorType(ir.IntType(32), LANES)
Codegen = Callable[[Any, Any, Any, Any], Any]


class Float32x16(types.Type):
    """The Numba type of a vector."""

    def __init__(self) -> None:
        super().__init__(name="Float32x16")


vector_type = Float32x16()
_vector = vector_type


@register_model(Float32x16)
class _Float32x16Model(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _LANES)


def _address(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [start]), _LANES.as_pointer())


def _broadcast(builder: Any, scalar: Any) -> Any:
    undefined = ir.Constant(_LANES, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_INTEGERS, [0] * LANES))


@intrinsic
def _load(_: Any, flat: Any, start: Any) -> tuple[Any, Codegen]:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        return builder.load(address, align=4)

    return _vector(flat, types.intp), codegen


@intrinsic
def _store(_: Any, flat: Any, start: Any, vector: Any) -> tuple[Any, Codegen]:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], address, align=4)
        return context.get_dummy_value()

    return types.void(flat, types.intp, vector), codegen


@intrinsic
def _zeros(_: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:
        return ir.Constant(_LANES, [0.0] * LANES)

    return _vector(), codegen


def _as_vector(builder: Any, numba_type: Any, value: Any) -> Any:
    return value if isinstance(numba_type, Float32x16) else _broadcast(builder, value)


def _binary(instruction: str) -> Any:
    """The intrinsic of an instruction on two vectors, or on a vector and a float32."""

    @intrinsic
    def operate(_: Any, left: Any, right: Any) -> tuple[Any, Codegen]:
        def codegen(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            operands = map(partial(_as_vector, builder), signature.args, arguments)
            return getattr(builder, instruction)(*operands, flags=FAST_MATH)

        return _vector(left, right), codegen

    return operate


def _llvm(name: str, operands: int) -> Any:
    """A function that writes a call of LLVM's own function of one or two vectors."""

    def call(builder: Any, *arguments: Any) -> Any:
        kind = ir.FunctionType(_LANES, [_LANES] * operands)
        mangled = f"llvm.{name}.v{LANES}f32"
        function = cgutils.get_or_insert_function(builder.module, kind, mangled)
        return builder.call(function, arguments, fastmath=FAST_MATH)

    return call


_add, _subtract, _multiply, _divide = map(_binary, ("fadd", "fsub", "fmul", "fdiv"))


@intrinsic
def _floor(_: Any, vector: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _llvm("floor", 1)(builder, *arguments)

    return _vector(vector), codegen


@intrinsic
def _negative_abs(_: Any, vector: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fneg(_llvm("fabs", 1)(builder, *arguments))

    return _vector(vector), codegen


@intrinsic
def _maximum(_: Any, vector: Any, least: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _llvm("maxnum", 2)(builder, arguments[0], _broadcast(builder, arguments[1]))

    return _vector(vector, types.float32), codegen


@intrinsic
def _where_negative(_: Any, condition: Any, negative: Any, other: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        below = builder.fcmp_ordered("<", arguments[0], ir.Constant(_LANES, [0.0] * LANES))
        return builder.select(below, *arguments[1:])

    return _vector(condition, negative, other), codegen


@intrinsic
def _power_of_two(_: Any, whole: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        number = builder.fptosi(arguments[0], _INTEGERS)
        exponent = builder.add(number, ir.Constant(_INTEGERS, [127] * LANES))
        bits = builder.shl(exponent, ir.Constant(_INTEGERS, [23] * LANES))
        return builder.bitcast(bits, _LANES)

    return _vector(whole), codegen


@intrinsic
def _first_lanes(_: Any, n: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        lanes = ir.VectorType(ir.IntType(64), LANES)
        undefined = ir.Constant(lanes, ir.Undefined)
        first = builder.insert_element(undefined, arguments[0], ir.Constant(ir.IntType(32), 0))
        limit = builder.shuffle_vector(first, undefined, ir.Constant(_INTEGERS, [0] * LANES))
        below = builder.icmp_signed("<", ir.Constant(lanes, list(range(LANES))), limit)
        return builder.uitofp(below, _LANES)

    return _vector(types.int64), codegen


@intrinsic
def _total(_: Any, vector: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_FLOAT, [_FLOAT, _LANES])
        name = f"llvm.vector.reduce.fadd.v{LANES}f32"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [ir.Constant(_FLOAT, -0.0), arguments[0]], fastmath=FAST_MATH)

    return types.float32(vector), codegen


@intrinsic
def _prefetch(_: Any, flat: Any, start: Any) -> tuple[Any, Codegen]:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        number = ir.IntType(32)
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        read, keep_close, data = number(0), number(3), number(1)
        builder.call(function, [builder.bitcast(address, pointer), read, keep_close, data])
        return context.get_dummy_value()

    return types.void(flat, types.intp), codegen


# The functions above, compiled: one overload forwards to each intrinsic.

_FORWARD: dict[int, Callable[[Any], Callable[..., Any]]] = {
    0: lambda operate: lambda: operate(),
    1: lambda operate: lambda a: operate(a),
    2: lambda operate: lambda a, b: operate(a, b),
    3: lambda operate: lambda a, b, c: operate(a, b, c),
}


def _overload(function: Any, operate: Any, operands: int) -> None:
    implementation = _FORWARD[operands](operate)
    overload(function, strict=False)(lambda *_: implementation)


def _overload_operator(symbol: Any, operate: Any) -> None:
    implementation = _FORWARD[2](operate)

    @overload(symbol, strict=False)
    def choose(left: Any, right: Any) -> Any:
        of_vectors = isinstance(left, Float32x16) or isinstance(right, Float32x16)
        return implementation if of_vectors else None


_overload(load, _load, 2)
_overload(store, _store, 3)
_overload(prefetch, _prefetch, 2)
_overload(zeros, _zeros, 0)
_overload(first_lanes, _first_lanes, 1)
_overload(floor, _floor, 1)
_overload(negative_abs, _negative_abs, 1)
_overload(maximum, _maximum, 2)
_overload(where_negative, _where_negative, 3)
_overload(power_of_two, _power_of_two, 1)
_overload(total, _total, 1)
_overload_operator(operator.add, _add)
_overload_operator(operator.sub, _subtract)
_overload_operator(operator.mul, _multiply)
_overload_operator(operator.truediv, _divide)
