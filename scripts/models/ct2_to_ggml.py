#!/usr/bin/env python3
"""Converts a CTranslate2 Whisper model (half precision) to whisper.cpp's format.

The matrices become Q8_0: as accurate here as half precision, and faster on a CPU.
The standard library is enough. The result depends on nothing but the input, so its
checksum can be pinned.
"""

import argparse
import mmap
import struct
from typing import BinaryIO, Dict, Iterator, Tuple

from ggml_file import ModelFormatError, convert_file
from whisper_file import Source, write_whisper

BINARY_VERSION = 6
SPECIFICATION = "WhisperSpec"
CT2_FLOAT16 = 4


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


def blocks(tensors: Dict[str, Source], side: str) -> Iterator[Tuple[str, Source]]:
    """All transformer blocks of `side` ("encoder" or "decoder")."""
    layer = 0
    while f"{side}/layer_{layer}/ffn/linear_0/weight" in tensors:
        yield from block(tensors, side, layer)
        layer += 1


def named_tensors(tensors: Dict[str, Source]) -> Iterator[Tuple[str, Source]]:
    """All tensors under the names, and in the order, of OpenAI's checkpoint."""
    yield "encoder.positional_embedding", tensors["encoder/position_encodings/encodings"]
    yield from linear(tensors, "encoder/conv1", "encoder.conv1")
    yield from linear(tensors, "encoder/conv2", "encoder.conv2")
    yield from blocks(tensors, "encoder")
    yield from norm(tensors, "encoder/layer_norm", "encoder.ln_post")
    yield "decoder.positional_embedding", tensors["decoder/position_encodings/encodings"]
    yield "decoder.token_embedding.weight", tensors["decoder/embeddings/weight"]
    yield from blocks(tensors, "decoder")
    yield from norm(tensors, "decoder/layer_norm", "decoder.ln")


def convert(model_path: str, vocabulary_path: str, half: bool, out: BinaryIO) -> None:
    """Writes the whole ggml model."""
    with open(model_path, "rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    with open(vocabulary_path, encoding="utf-8", newline="\n") as lines:
        tokens = lines.read().split("\n")
    write_whisper(out, dict(named_tensors(read_ctranslate2(view))), tokens, half)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="model.bin of the CTranslate2 model")
    parser.add_argument("vocabulary", help="vocabulary.txt of the CTranslate2 model")
    parser.add_argument("output", help="the ggml model to write")
    parser.add_argument("--half", action="store_true", help="matrices in 16 bits, not 8")
    arguments = parser.parse_args()
    convert_file(
        arguments.model,
        arguments.output,
        lambda out: convert(arguments.model, arguments.vocabulary, arguments.half, out),
    )


if __name__ == "__main__":
    main()
