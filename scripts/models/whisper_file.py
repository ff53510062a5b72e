"""Writes Whisper's weights, from whichever checkpoint, in whisper.cpp's format.

Tensors go by the names of OpenAI's checkpoint.
"""

import math
import struct
from typing import BinaryIO, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ggml_file import F16, F32, MAGIC, Q8_0, ModelFormatError, Tensor, quantise, widen, write_tensor

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
    """A tensor of a checkpoint: its shape, and a view of its half-precision elements."""

    shape: Tuple[int, ...]
    data: memoryview
    blocks: Optional[bytes] = None
    """Its elements as Q8_0, if the checkpoint's are bytes already: a matrix's."""

    def rows(self, part: int, parts: int) -> "Source":
        """The `part`-th of `parts` equal blocks of rows of a fused projection."""
        rows, size = self.shape[0] // parts, len(self.data) // parts
        return Source((rows, *self.shape[1:]), self.data[part * size : (part + 1) * size])


def layer_count(tensors: Dict[str, Source], side: str) -> int:
    """The number of transformer blocks of `side` ("encoder" or "decoder")."""
    count = 0
    while f"{side}.blocks.{count}.mlp.0.weight" in tensors:
        count += 1
    return count


def to_ggml(name: str, source: Source, half: bool) -> Tensor:
    """Gives a tensor the element type and the shape that whisper.cpp expects of it."""
    matrix = len(source.shape) == 2 and not name.endswith("positional_embedding")
    if matrix and not half and source.blocks is not None:
        return Tensor(name, source.shape, Q8_0, source.blocks)
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
    vocabulary, text_state = tensors["decoder.token_embedding.weight"].shape
    audio_context, audio_state = tensors["encoder.positional_embedding"].shape
    text_context = tensors["decoder.positional_embedding"].shape[0]
    mel_bands = tensors["encoder.conv1.weight"].shape[1]
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


def vocabulary(tokens: Sequence[str]) -> bytes:
    """The text tokens as raw bytes, each after its length."""
    if len(tokens) < BASE_TOKENS:
        raise ModelFormatError(f"{len(tokens)} tokens instead of {BASE_TOKENS}")
    alphabet = byte_alphabet()
    record = bytearray(struct.pack("<i", BASE_TOKENS))
    for token in tokens[:BASE_TOKENS]:
        try:
            raw = bytes(alphabet[character] for character in token)
        except KeyError as unknown:
            raise ModelFormatError(f"token {token!r} has {unknown}") from None
        record += struct.pack("<i", len(raw)) + raw
    return bytes(record)


def write_whisper(
    out: BinaryIO, tensors: Dict[str, Source], tokens: Sequence[str], half: bool
) -> None:
    """Writes a whole model. `tensors` come in the order in which they shall stand in the file."""
    out.write(struct.pack("<I", MAGIC) + hyperparameters(tensors, half))
    out.write(mel_filters(tensors["encoder.conv1.weight"].shape[1]))
    out.write(vocabulary(tokens))
    for name, source in tensors.items():
        write_tensor(out, to_ggml(name, source, half))
