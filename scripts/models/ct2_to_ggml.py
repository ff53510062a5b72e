#!/usr/bin/env python3
"""Converts a CTranslate2 Whisper model (half precision) to whisper.cpp's format.

The matrices become Q8_0: as accurate here as half precision, and faster on a CPU.
The standard library is enough. The result depends on nothing but the input, so its
checksum can be pinned.
"""

import argparse
import math
import mmap
import struct
import sys
from typing import BinaryIO, Dict, Iterator, List, NamedTuple, Tuple

from ggml_file import (
    F16,
    F32,
    MAGIC,
    Q8_0,
    ModelFormatError,
    Tensor,
    quantise,
    widen,
    write_file,
    write_tensor,
)

BINARY_VERSION = 6
SPECIFICATION = "WhisperSpec"
CT2_FLOAT16 = 4

MOSTLY_Q8_0 = 7
QUANTISATION_VERSION = 2
"""What whisper.cpp reads in a quantised model's header: version × 1000 + main type."""

BASE_TOKENS = 50257
"""Text tokens; whisper.cpp names the special tokens after them by itself."""

SAMPLE_RATE = 16_000
FFT_SIZE = 400
HEAD_SIZE = 64
"""Every size of Whisper divides its attention into heads of 64."""


class Source(NamedTuple):
    """A tensor of the CTranslate2 file: its shape, and a view of its half-precision elements."""

    shape: Tuple[int, ...]
    data: memoryview

    def rows(self, part: int, parts: int) -> "Source":
        """The `part`-th of `parts` equal blocks of rows of a fused projection."""
        rows, size = self.shape[0] // parts, len(self.data) // parts
        return Source((rows, *self.shape[1:]), self.data[part * size : (part + 1) * size])


class Reader:
    """A cursor over the bytes of the CTranslate2 file."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.position = 0

    def numbers(self, fmt: str) -> Tuple[int, ...]:
        return struct.unpack("<" + fmt, self.bytes(struct.calcsize("<" + fmt)))

    def bytes(self, size: int) -> memoryview:
        piece = self.view[self.position : self.position + size]
        if len(piece) != size:
            raise ModelFormatError("the CTranslate2 file is cut short")
        self.position += size
        return piece

    def name(self) -> str:
        (size,) = self.numbers("H")
        return bytes(self.bytes(size)).rstrip(b"\0").decode()


def read_ctranslate2(view: memoryview) -> Dict[str, Source]:
    """Indexes the half-precision tensors of a CTranslate2 file by name."""
    reader = Reader(view)
    (version,) = reader.numbers("I")
    specification = reader.name()
    if (version, specification) != (BINARY_VERSION, SPECIFICATION):
        raise ModelFormatError(f"unexpected CTranslate2 file: {specification} version {version}")
    _revision, count = reader.numbers("2I")
    tensors = {}
    for _ in range(count):
        name = reader.name()
        (rank,) = reader.numbers("B")
        shape = reader.numbers(f"{rank}I")
        dtype, size = reader.numbers("BI")
        data = reader.bytes(size)
        # The other types belong to settings such as the number of heads, which ggml derives.
        if dtype == CT2_FLOAT16:
            tensors[name] = Source(shape, data)
    return tensors


def layer_count(tensors: Dict[str, Source], side: str) -> int:
    """The number of transformer blocks of `side` ("encoder" or "decoder")."""
    count = 0
    while f"{side}/layer_{count}/ffn/linear_0/weight" in tensors:
        count += 1
    return count


def norm(tensors: Dict[str, Source], source: str, name: str) -> Iterator[Tuple[str, Source]]:
    """A layer normalisation."""
    yield f"{name}.weight", tensors[f"{source}/gamma"]
    yield f"{name}.bias", tensors[f"{source}/beta"]


def linear(tensors: Dict[str, Source], source: str, name: str) -> Iterator[Tuple[str, Source]]:
    """A layer with weight and bias that is stored whole."""
    yield f"{name}.weight", tensors[f"{source}/weight"]
    yield f"{name}.bias", tensors[f"{source}/bias"]


def attention(
    tensors: Dict[str, Source], source: str, name: str, fused: bool
) -> Iterator[Tuple[str, Source]]:
    """An attention layer; `fused` when the query shares its matrix with key and value.

    Self-attention is fused; cross-attention keeps the query apart, since key and
    value come from the audio. Whisper's keys have no bias, so the zeros that
    CTranslate2 keeps in their place are dropped.
    """
    if fused:
        first, offset, parts, output = "linear_0", 1, 3, "linear_1"
        query_parts = 3
    else:
        first, offset, parts, output = "linear_1", 0, 2, "linear_2"
        query_parts = 1
    weight, bias = tensors[f"{source}/{first}/weight"], tensors[f"{source}/{first}/bias"]
    query_weight = tensors[f"{source}/linear_0/weight"].rows(0, query_parts)
    query_bias = tensors[f"{source}/linear_0/bias"].rows(0, query_parts)
    yield f"{name}.query.weight", query_weight
    yield f"{name}.query.bias", query_bias
    yield f"{name}.key.weight", weight.rows(offset, parts)
    yield f"{name}.value.weight", weight.rows(offset + 1, parts)
    yield f"{name}.value.bias", bias.rows(offset + 1, parts)
    yield from linear(tensors, f"{source}/{output}", f"{name}.out")


def block(tensors: Dict[str, Source], side: str, layer: int) -> Iterator[Tuple[str, Source]]:
    """One transformer block."""
    source, name = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
    yield from norm(tensors, f"{source}/ffn/layer_norm", f"{name}.mlp_ln")
    yield from linear(tensors, f"{source}/ffn/linear_0", f"{name}.mlp.0")
    yield from linear(tensors, f"{source}/ffn/linear_1", f"{name}.mlp.2")
    yield from norm(tensors, f"{source}/self_attention/layer_norm", f"{name}.attn_ln")
    yield from attention(tensors, f"{source}/self_attention", f"{name}.attn", fused=True)
    if side == "decoder":
        yield from norm(tensors, f"{source}/attention/layer_norm", f"{name}.cross_attn_ln")
        yield from attention(tensors, f"{source}/attention", f"{name}.cross_attn", fused=False)


def named_tensors(tensors: Dict[str, Source]) -> Iterator[Tuple[str, Source]]:
    """All tensors under the names, and in the order, of OpenAI's checkpoint."""
    yield "encoder.positional_embedding", tensors["encoder/position_encodings/encodings"]
    yield from linear(tensors, "encoder/conv1", "encoder.conv1")
    yield from linear(tensors, "encoder/conv2", "encoder.conv2")
    for layer in range(layer_count(tensors, "encoder")):
        yield from block(tensors, "encoder", layer)
    yield from norm(tensors, "encoder/layer_norm", "encoder.ln_post")
    yield "decoder.positional_embedding", tensors["decoder/position_encodings/encodings"]
    yield "decoder.token_embedding.weight", tensors["decoder/embeddings/weight"]
    for layer in range(layer_count(tensors, "decoder")):
        yield from block(tensors, "decoder", layer)
    yield from norm(tensors, "decoder/layer_norm", "decoder.ln")


def to_ggml(name: str, source: Source, half: bool) -> Tensor:
    """Gives a tensor the element type and the shape that whisper.cpp expects of it."""
    matrix = len(source.shape) == 2 and not name.endswith("positional_embedding")
    if matrix and not half:
        return Tensor(name, source.shape, Q8_0, quantise(bytes(source.data)))
    if matrix or len(source.shape) == 3:
        return Tensor(name, source.shape, F16, bytes(source.data))
    shape = list(source.shape)
    if ".conv" in name:
        # Added to a (channels, time) matrix, so it is stored as a column.
        shape.append(1)
    return Tensor(name, shape, F32, widen(bytes(source.data)))


def hyperparameters(tensors: Dict[str, Source], half: bool) -> bytes:
    """The header of the network's sizes, all of which follow from the shapes."""
    vocabulary, text_state = tensors["decoder/embeddings/weight"].shape
    audio_context, audio_state = tensors["encoder/position_encodings/encodings"].shape
    text_context = tensors["decoder/position_encodings/encodings"].shape[0]
    mel_bands = tensors["encoder/conv1/weight"].shape[1]
    return struct.pack(
        "<11i",
        vocabulary,
        audio_context,
        audio_state,
        audio_state // HEAD_SIZE,
        layer_count(tensors, "encoder"),
        text_context,
        text_state,
        text_state // HEAD_SIZE,
        layer_count(tensors, "decoder"),
        mel_bands,
        F16 if half else QUANTISATION_VERSION * 1000 + MOSTLY_Q8_0,
    )


def mel_to_hertz(mel: float) -> float:
    """Slaney's mel scale: linear below 1 kHz (15 mel), logarithmic above."""
    if mel < 15.0:
        return mel * (200.0 / 3.0)
    return 1000.0 * math.exp(math.log(6.4) / 27.0 * (mel - 15.0))


def to_single(value: float) -> float:
    """Rounds to single precision."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def mel_filters(bands: int) -> bytes:
    """The bank of triangular filters, each of unit area, that Whisper was trained with.

    Rounded to single precision before and after scaling, like the reference bank.
    """
    bins = FFT_SIZE // 2 + 1
    nyquist = SAMPLE_RATE / 2
    top = 15.0 + math.log(nyquist / 1000.0) / (math.log(6.4) / 27.0)
    edges = [mel_to_hertz(top / (bands + 1) * i) for i in range(bands + 2)]
    values: List[float] = []
    for low, centre, high in zip(edges, edges[1:], edges[2:]):
        scale = 2.0 / (high - low)
        for i in range(bins):
            frequency = i * SAMPLE_RATE / FFT_SIZE
            rising = (frequency - low) / (centre - low)
            falling = (high - frequency) / (high - centre)
            values.append(to_single(max(0.0, min(rising, falling))) * scale)
    return struct.pack(f"<2i{len(values)}f", bands, bins, *values)


def byte_alphabet() -> Dict[str, int]:
    """GPT-2's printable stand-in for every byte, reversed.

    Bytes that print stand for themselves; the rest follow U+0100 in order.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    alphabet.update({chr(0x100 + i): byte for i, byte in enumerate(others)})
    return alphabet


def vocabulary(path: str) -> bytes:
    """The text tokens as raw bytes, each after its length."""
    with open(path, encoding="utf-8", newline="\n") as lines:
        tokens = lines.read().split("\n")[:BASE_TOKENS]
    if len(tokens) != BASE_TOKENS:
        raise ModelFormatError(f"{path}: {len(tokens)} tokens instead of {BASE_TOKENS}")
    alphabet = byte_alphabet()
    record = bytearray(struct.pack("<i", BASE_TOKENS))
    for token in tokens:
        try:
            raw = bytes(alphabet[character] for character in token)
        except KeyError as unknown:
            raise ModelFormatError(f"{path}: token {token!r} has {unknown}") from None
        record += struct.pack("<i", len(raw)) + raw
    return bytes(record)


def convert(view: memoryview, vocabulary_path: str, half: bool, out: BinaryIO) -> None:
    """Writes the whole ggml model."""
    tensors = read_ctranslate2(view)
    out.write(struct.pack("<I", MAGIC) + hyperparameters(tensors, half))
    out.write(mel_filters(tensors["encoder/conv1/weight"].shape[1]))
    out.write(vocabulary(vocabulary_path))
    for name, source in named_tensors(tensors):
        write_tensor(out, to_ggml(name, source, half))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="model.bin of the CTranslate2 model")
    parser.add_argument("vocabulary", help="vocabulary.txt of the CTranslate2 model")
    parser.add_argument("output", help="the ggml model to write")
    parser.add_argument("--half", action="store_true", help="matrices in 16 bits, not 8")
    arguments = parser.parse_args()
    try:
        with open(arguments.model, "rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        write_file(
            arguments.output,
            lambda out: convert(view, arguments.vocabulary, arguments.half, out),
        )
    except KeyError as missing:
        sys.exit(f"{arguments.model}: tensor {missing} is missing")
    except (OSError, ValueError, ModelFormatError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
