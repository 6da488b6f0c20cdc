"""Sixteen floats at a time: the vector the kernels are written in.

Numba leaves vectorising to LLVM, which does badly on the short inner loops of word2vec. Here the
sixteen lanes are a type (`<16 x float>` in LLVM), so that a kernel says itself what is held in
registers. LLVM splits a vector into as many registers as the machine needs: one with AVX-512, two
with AVX2, four with NEON.

Each operation is an ordinary function on rows of sixteen float32, which is what runs with the JIT
off, and a Numba overload of it. The disk cache of a kernel does not notice a change in this file:
`make clean` after one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

LANES = 16

# Sums may be reordered and products fused; NaN and infinity keep their meaning, so that
# divergence can be detected.
FAST_MATH = ("reassoc", "contract", "arcp", "nsz", "afn")

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


def multiply_add(factor: Any, vector: Vector, addend: Vector) -> Vector:
    """`factor * vector + addend`; the factor is a float32 or a vector."""
    product: Vector = factor * vector + addend
    return product


def total(vector: Vector) -> np.float32:
    """The sum of the sixteen lanes."""
    lanes: np.float32 = vector.sum(dtype=np.float32)
    return lanes


def prefetch(flat: Vector, start: int) -> None:
    """Asks for the cache line at `start` ahead of its use."""


# The same for Numba. An intrinsic returns its signature and the function that writes its LLVM code.

_FLOAT = ir.FloatType()
_LANES = ir.VectorType(_FLOAT, LANES)
Codegen = Callable[[Any, Any, Any, Any], Any]


class Float32x16(types.Type):
    """The Numba type of a vector."""

    def __init__(self) -> None:
        super().__init__(name="Float32x16")


_vector = Float32x16()


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
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, everywhere)


@intrinsic
def _load(_: Any, flat: Any, start: Any) -> tuple[Any, Codegen]:  # noqa: ARG001
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        return builder.load(address, align=4)

    return _vector(flat, types.intp), codegen


@intrinsic
def _store(_: Any, flat: Any, start: Any, vector: Any) -> tuple[Any, Codegen]:  # noqa: ARG001
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


@intrinsic
def _multiply_add(_: Any, factor: Any, vector: Any, addend: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, added = arguments
        if not isinstance(signature.args[0], Float32x16):
            left = _broadcast(builder, left)
        product = builder.fmul(left, right, flags=FAST_MATH)
        return builder.fadd(product, added, flags=FAST_MATH)

    return _vector(factor, vector, addend), codegen


@intrinsic
def _total(_: Any, vector: Any) -> tuple[Any, Codegen]:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_FLOAT, [_FLOAT, _LANES])
        name = f"llvm.vector.reduce.fadd.v{LANES}f32"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [ir.Constant(_FLOAT, -0.0), arguments[0]], fastmath=FAST_MATH)

    return types.float32(vector), codegen


@intrinsic
def _prefetch(_: Any, flat: Any, start: Any) -> tuple[Any, Codegen]:  # noqa: ARG001
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


@overload(load, strict=False)
def _overload_load(flat: Any, start: Any) -> Any:  # noqa: ARG001
    return lambda flat, start: _load(flat, start)


@overload(store, strict=False)
def _overload_store(flat: Any, start: Any, vector: Any) -> Any:  # noqa: ARG001
    return lambda flat, start, vector: _store(flat, start, vector)


@overload(zeros, strict=False)
def _overload_zeros() -> Any:
    return lambda: _zeros()


@overload(multiply_add, strict=False)
def _overload_multiply_add(factor: Any, vector: Any, addend: Any) -> Any:  # noqa: ARG001
    return lambda factor, vector, addend: _multiply_add(factor, vector, addend)


@overload(total, strict=False)
def _overload_total(vector: Any) -> Any:  # noqa: ARG001
    return lambda vector: _total(vector)


@overload(prefetch, strict=False)
def _overload_prefetch(flat: Any, start: Any) -> Any:  # noqa: ARG001
    return lambda flat, start: _prefetch(flat, start)
