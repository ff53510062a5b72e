#!/usr/bin/env python3
"""Converts Silero's voice activity detector (TorchScript) to whisper.cpp's format.

A TorchScript file is a ZIP archive that keeps every tensor's elements in a record
of its own, numbered as the modules come. The network for 16 kHz comes first. Its
records are read by number, so nothing of the archive's pickled code is ever run.
"""

import argparse
import math
import struct
import sys
import zipfile
from typing import BinaryIO, NamedTuple, Tuple

from ggml_file import F16, F32, MAGIC, ModelFormatError, Tensor, narrow, write_file, write_tensor

VERSION = (6, 2, 0)
WINDOW = 512
"""Samples of 16 kHz audio that the network judges at once."""
CONTEXT = 64
"""Samples of the previous window that it sees again."""

ENCODER = ((129, 128), (128, 64), (64, 64), (64, 128))
"""Channels into and out of each convolution of the encoder."""
KERNEL = 3
HIDDEN = 128
GATES = 4 * HIDDEN
STFT_SHAPE = (258, 1, 256)


class Layer(NamedTuple):
    """A tensor to convert: where it is, and how ggml wants it."""

    record: int
    name: str
    shape: Tuple[int, ...]
    ftype: int


def layers() -> Tuple[Layer, ...]:
    """All tensors in the order of the ggml file."""
    encoder = []
    for i, (inputs, outputs) in enumerate(ENCODER):
        name = f"_model.encoder.{i}.reparam_conv"
        encoder.append(Layer(3 + 2 * i, f"{name}.weight", (outputs, inputs, KERNEL), F16))
        encoder.append(Layer(4 + 2 * i, f"{name}.bias", (outputs,), F32))
    return (
        *encoder,
        Layer(11, "_model.decoder.rnn.weight_ih", (GATES, HIDDEN), F32),
        Layer(12, "_model.decoder.rnn.weight_hh", (GATES, HIDDEN), F32),
        Layer(13, "_model.decoder.rnn.bias_ih", (GATES,), F32),
        Layer(14, "_model.decoder.rnn.bias_hh", (GATES,), F32),
        Layer(15, "_model.decoder.decoder.2.weight", (HIDDEN,), F16),
        # A single number is stored without dimensions.
        Layer(16, "_model.decoder.decoder.2.bias", (), F32),
        Layer(2, "_model.stft.forward_basis_buffer", STFT_SHAPE, F16),
    )


def header() -> bytes:
    """The network's name, version and sizes."""
    kind = b"silero-16k"
    return b"".join(
        (
            struct.pack("<Ii", MAGIC, len(kind)),
            kind,
            struct.pack("<3i2i", *VERSION, WINDOW, CONTEXT),
            struct.pack("<i", len(ENCODER)),
            *(struct.pack("<3i", inputs, outputs, KERNEL) for inputs, outputs in ENCODER),
            struct.pack("<4i", HIDDEN, HIDDEN, HIDDEN, 1),
        )
    )


def read_record(archive: zipfile.ZipFile, layer: Layer) -> bytes:
    """The single-precision elements of one tensor, their number checked."""
    suffix = f"/data/{layer.record}"
    for member in archive.namelist():
        if member.endswith(suffix):
            data = archive.read(member)
            if len(data) != 4 * math.prod(layer.shape):
                raise ModelFormatError(f"{layer.name}: unexpected size of {len(data)} bytes")
            return data
    raise ModelFormatError(f"{layer.name}: record {layer.record} is missing")


def convert(archive: zipfile.ZipFile, out: BinaryIO) -> None:
    """Writes the whole ggml model."""
    out.write(header())
    for layer in layers():
        data = read_record(archive, layer)
        if layer.ftype == F16:
            data = narrow(data)
        write_tensor(out, Tensor(layer.name, layer.shape, layer.ftype, data))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="silero_vad.jit of the silero-vad package")
    parser.add_argument("output", help="the ggml model to write")
    arguments = parser.parse_args()
    try:
        with zipfile.ZipFile(arguments.model) as archive:
            write_file(arguments.output, lambda out: convert(archive, out))
    except (OSError, zipfile.BadZipFile, ModelFormatError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
