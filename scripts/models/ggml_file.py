"""The parts of whisper.cpp's binary model format that our converters share.

A model file is a magic number, a header of the network's own, and a list of
tensors up to the end of the file. All numbers are little-endian.
"""

import os
import struct
import sys
from typing import BinaryIO, Callable, NamedTuple, Sequence

MAGIC = 0x67676D6C
"""First four bytes of a model file, as a number ("ggml")."""

F32 = 0
F16 = 1
Q8_0 = 8

Q8_0_BLOCK = 32
"""Neighbours in a row that share a scale (ggml's QK8_0)."""


class ModelFormatError(Exception):
    """The input is not the model we know how to convert."""


class Tensor(NamedTuple):
    """A named tensor ready to be written."""

    name: str
    shape: Sequence[int]
    """Slowest-varying dimension first, as in PyTorch."""
    ftype: int
    """`F32`, `F16` or `Q8_0`: the type of the elements in `data`."""
    data: bytes


def write_tensor(out: BinaryIO, tensor: Tensor) -> None:
    """Writes one tensor record; ggml wants the fastest-varying dimension first."""
    name = tensor.name.encode()
    out.write(struct.pack("<3i", len(tensor.shape), len(name), tensor.ftype))
    out.write(struct.pack(f"<{len(tensor.shape)}i", *reversed(tensor.shape)))
    out.write(name)
    out.write(tensor.data)


def widen(halves: bytes) -> bytes:
    """Turns half-precision elements into single precision; exact."""
    count = len(halves) // 2
    return struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", halves))


def narrow(singles: bytes) -> bytes:
    """Turns single-precision elements into half precision, rounding to nearest even."""
    count = len(singles) // 4
    return struct.pack(f"<{count}e", *struct.unpack(f"<{count}f", singles))


def quantise(halves: bytes) -> bytes:
    """Turns half-precision elements into Q8_0: of every 32, a half-precision scale and 32 bytes.

    The scale takes the largest magnitude to 127, as ggml's quantize_row_q8_0_ref does.
    """
    block = struct.Struct(f"<{Q8_0_BLOCK}e")
    packed = struct.Struct(f"<e{Q8_0_BLOCK}b")
    out = bytearray(packed.size * (len(halves) // block.size))
    for position, values in enumerate(block.iter_unpack(halves)):
        largest = max(max(values), -min(values))
        factor = 127.0 / largest if largest else 0.0
        scaled = [round(value * factor) for value in values]
        packed.pack_into(out, position * packed.size, largest / 127.0, *scaled)
    return bytes(out)


def convert_file(source: str, output: str, write: Callable[[BinaryIO], None]) -> None:
    """Does a converter's work: `write_file`, and ends the program with the reason if it fails."""
    try:
        write_file(output, write)
    except KeyError as missing:
        sys.exit(f"{source}: tensor {missing} is missing")
    except (OSError, ValueError, ModelFormatError) as error:
        sys.exit(str(error))


def write_file(path: str, write: Callable[[BinaryIO], None]) -> None:
    """Runs `write` on a new file at `path`, and leaves no file behind when it fails."""
    try:
        with open(path, "wb") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        if os.path.exists(path):
            os.remove(path)
        raise
