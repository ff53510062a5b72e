#!/usr/bin/env python3
"""Converts a Whisper checkpoint that ONNX Runtime quantised to whisper.cpp's format, in 16 bits.

Its matrices are bytes with one scale and one zero point each. They become what they stand for, so no
more is lost, and no less. Needs the packages onnx and numpy, and no more of ONNX than its reader.
"""

import argparse
import json
import pathlib
import re
from typing import BinaryIO, Dict, Iterator, List, NamedTuple

import numpy
import onnx
from onnx import numpy_helper

from ggml_file import convert_file
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


class Checkpoint:
    """One ONNX file's tensors, as numbers of single precision."""

    def __init__(self, path: pathlib.Path) -> None:
        self.graph = onnx.load(str(path)).graph
        self.stored = {tensor.name: tensor for tensor in self.graph.initializer}

    def dequantised(self, name: str) -> numpy.ndarray:
        """What the bytes of a tensor stand for; `name` is that of the bytes."""
        base = name[: -len("_quantized")]
        values, zero, scale = (
            numpy_helper.to_array(self.stored[base + part])
            for part in ("_quantized", "_zero_point", "_scale")
        )
        return (values.astype(numpy.float32) - float(zero)) * numpy.float32(scale)

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

    def tensors(self) -> Iterator["tuple[str, numpy.ndarray]"]:
        """All tensors by the checkpoint's names."""
        for tensor in self.stored.values():
            if tensor.data_type == onnx.TensorProto.FLOAT and tensor.dims:
                yield re.sub(r"_merged_\d+$", "", tensor.name), numpy_helper.to_array(tensor)
        for name, stored in self.layers().items():
            values = self.dequantised(stored.name)
            yield name, values.T if stored.turned else values


def read_checkpoint(folder: pathlib.Path) -> Dict[str, Source]:
    """The tensors of both halves in half precision, by OpenAI's names, in the order of the names."""
    tensors: Dict[str, Source] = {}
    for prefix, file in (("encoder.", ENCODER), ("", DECODER)):
        for theirs, values in Checkpoint(folder / file).tensors():
            name = openai_name(prefix + theirs)
            # The output projection is the token embedding once more.
            if "proj_out" not in name:
                halves = numpy.ascontiguousarray(values, dtype=numpy.float16)
                tensors[name] = Source(halves.shape, halves.data.cast("B"))
    return dict(sorted(tensors.items()))


def read_tokens(path: pathlib.Path) -> List[str]:
    """The text tokens in the order of their numbers."""
    numbers: Dict[str, int] = json.loads(path.read_text("utf-8"))
    return sorted(numbers, key=lambda token: numbers[token])[:BASE_TOKENS]


def convert(folder: pathlib.Path, out: BinaryIO) -> None:
    """Writes the whole ggml model."""
    write_whisper(out, read_checkpoint(folder), read_tokens(folder / VOCABULARY), half=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help=f"holds {ENCODER}, {DECODER}, {VOCABULARY}")
    parser.add_argument("output", help="the ggml model to write")
    arguments = parser.parse_args()
    convert_file(arguments.folder, arguments.output, lambda out: convert(arguments.folder, out))


if __name__ == "__main__":
    main()
