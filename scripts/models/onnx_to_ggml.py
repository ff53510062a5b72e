#!/usr/bin/env python3
"""Converts a Whisper checkpoint that ONNX Runtime quantised to whisper.cpp's format, in 8 or 16 bits.

Its matrices are bytes with one scale and one zero point each. They become what they stand for, so no
more is lost, and no less: in 8 bits, the scale of the matrix is that of each block of Q8_0. Needs the
packages onnx and numpy, and no more of ONNX than its reader.
"""

import argparse
import json
import pathlib
import re
from typing import BinaryIO, Dict, Iterator, List, NamedTuple, Optional

import numpy
import onnx
from onnx import numpy_helper

from ggml_file import Q8_0_BLOCK, convert_file
from whisper_file import BASE_TOKENS, Source, write_whisper

ENCODER = "onnx/encoder_model_quantized.onnx"
DECODER = "onnx/decoder_model_merged_quantized.onnx"
VOCABULARY = "vocab.json"

NAMES = (
    ("model.decoder.", "decoder."),
    ("layers.", "blocks."),
    ("self_attn_layer_norm", "attn_ln"),
    ("encoder_attn_layer_norm", "cross_attn_ln"),
    ("final_layer_norm", "mlp_ln"),
    ("coder.layer_norm", "coder.ln"),
    ("encoder.ln.", "encoder.ln_post."),
    ("encoder_attn.", "cross_attn."),
    ("self_attn.", "attn."),
    ("q_proj", "query"),
    ("k_proj", "key"),
    ("v_proj", "value"),
    ("out_proj", "out"),
    ("fc1", "mlp.0"),
    ("fc2", "mlp.2"),
    ("embed_positions.weight", "positional_embedding"),
    ("embed_tokens", "token_embedding"),
)
"""The checkpoint's names for parts, and OpenAI's, to be replaced in this order."""


def openai_name(name: str) -> str:
    """OpenAI's name of a tensor."""
    for theirs, openai in NAMES:
        name = name.replace(theirs, openai)
    return name


def all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """The operations of a graph and of the graphs within it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from all_nodes(attribute.g)


class Bytes(NamedTuple):
    """Where the bytes of a tensor are."""

    name: str
    turned: bool
    """Whether they are those of the transposed matrix, as products have them."""


class Matrix(NamedTuple):
    """A matrix that is kept as bytes."""

    steps: numpy.ndarray
    """The bytes without their zero point."""
    scale: numpy.float32
    """What one step stands for."""

    def numbers(self) -> numpy.ndarray:
        """What it stands for."""
        return self.steps.astype(numpy.float32) * self.scale

    def blocks(self) -> bytes:
        """The same as Q8_0. Only blocks with steps beyond a signed byte are rounded."""
        steps = numpy.ascontiguousarray(self.steps).reshape(-1, Q8_0_BLOCK).astype(numpy.float32)
        largest = numpy.abs(steps).max(axis=1)
        shrink = numpy.maximum(largest / 127, 1.0)
        packed = numpy.empty(len(steps), dtype=[("scale", "<f2"), ("steps", "i1", Q8_0_BLOCK)])
        packed["scale"] = self.scale * shrink
        packed["steps"] = numpy.rint(steps / shrink[:, None])
        return packed.tobytes()


class Checkpoint:
    """One ONNX file's tensors, as numbers of single precision."""

    def __init__(self, path: pathlib.Path) -> None:
        self.graph = onnx.load(str(path)).graph
        self.stored = {tensor.name: tensor for tensor in self.graph.initializer}

    def matrix(self, name: str) -> Matrix:
        """A tensor that is kept as bytes; `name` is that of the bytes."""
        base = name[: -len("_quantized")]
        values, zero, scale = (
            numpy_helper.to_array(self.stored[base + part])
            for part in ("_quantized", "_zero_point", "_scale")
        )
        return Matrix(values.astype(numpy.int16) - numpy.int16(zero), numpy.float32(scale))

    def layers(self) -> Dict[str, Bytes]:
        """The tensors that are kept as bytes, by their names."""
        named = {}
        for node in all_nodes(self.graph):
            # A matrix goes by a number, so its layer's name is the operation's.
            layer = node.name.strip("/").replace("/", ".")
            if node.op_type == "MatMulInteger" and node.input[1] in self.stored:
                named[layer.replace(".MatMul_quant", ".weight")] = Bytes(node.input[1], True)
            elif node.op_type == "ConvInteger":
                named[node.input[1][: -len("_quantized")]] = Bytes(node.input[1], False)
            elif node.op_type == "Gather" and node.input[0].endswith("_quantized"):
                named[layer.replace(".Gather", ".weight")] = Bytes(node.input[0], False)
        return named

    def tensors(self) -> Iterator["tuple[str, Source]"]:
        """All tensors by the checkpoint's names."""
        for tensor in self.stored.values():
            if tensor.data_type == onnx.TensorProto.FLOAT and tensor.dims:
                name = re.sub(r"_merged_\d+$", "", tensor.name)
                yield name, source(numpy_helper.to_array(tensor))
        for name, stored in self.layers().items():
            matrix = self.matrix(stored.name)
            if stored.turned:
                matrix = matrix._replace(steps=matrix.steps.T)
            is_matrix = matrix.steps.ndim == 2
            yield name, source(matrix.numbers(), matrix.blocks() if is_matrix else None)


def source(numbers: numpy.ndarray, blocks: Optional[bytes] = None) -> Source:
    """A tensor in half precision."""
    halves = numpy.ascontiguousarray(numbers, dtype=numpy.float16)
    return Source(halves.shape, halves.data.cast("B"), blocks)


def read_checkpoint(folder: pathlib.Path) -> Dict[str, Source]:
    """The tensors of both halves, by OpenAI's names, in the order of the names."""
    tensors: Dict[str, Source] = {}
    for prefix, file in (("encoder.", ENCODER), ("", DECODER)):
        for theirs, tensor in Checkpoint(folder / file).tensors():
            name = openai_name(prefix + theirs)
            # The output projection is the token embedding once more.
            if "proj_out" not in name:
                tensors[name] = tensor
    return dict(sorted(tensors.items()))


def read_tokens(path: pathlib.Path) -> List[str]:
    """The text tokens in the order of their numbers."""
    numbers: Dict[str, int] = json.loads(path.read_text("utf-8"))
    return sorted(numbers, key=lambda token: numbers[token])[:BASE_TOKENS]


def convert(folder: pathlib.Path, half: bool, out: BinaryIO) -> None:
    """Writes the whole ggml model."""
    write_whisper(out, read_checkpoint(folder), read_tokens(folder / VOCABULARY), half)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help=f"holds {ENCODER}, {DECODER}, {VOCABULARY}")
    parser.add_argument("output", help="the ggml model to write")
    parser.add_argument("--half", action="store_true", help="matrices in 16 bits, not 8")
    arguments = parser.parse_args()
    convert_file(
        arguments.folder,
        arguments.output,
        lambda out: convert(arguments.folder, arguments.half, out),
    )


if __name__ == "__main__":
    main()
