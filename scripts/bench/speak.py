"""Speaks reports with synthetic voices, and writes what was said, and what is written instead, beside each.

    speak.py MODEL.onnx VOCABULARY.json VOICES FOLDER REPORT.txt VOICE...

A report is a text with places `{said|written}`. FOLDER gets NAME-VOICE.wav (16 kHz mono) for each voice, NAME.said.txt
and NAME.written.txt. What is there already is left. Kokoro-82M in 8 bits; needs onnxruntime, soundfile, misaki[zh], and
ffmpeg.
"""

import json
import pathlib
import re
import subprocess
import sys

PLACE = re.compile(r"\{([^|}]*)\|([^}]*)\}")
RATE = 24_000
PAUSE_SECONDS = 0.25


def said(text):
    return PLACE.sub(r"\1", text)


def written(text):
    return PLACE.sub(r"\2", text)


class Speaker:
    """A synthesiser; its voices are 510 styles of 256 numbers, one for each length of a sentence."""

    def __init__(self, model, vocabulary, voices):
        # Imported here: who only wants the texts needs none of them.
        import numpy
        import onnxruntime
        from misaki import zh

        self.numpy = numpy
        self.session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        self.vocabulary = json.loads(pathlib.Path(vocabulary).read_text())["vocab"]
        self.voices = pathlib.Path(voices)
        self.sounds_of = zh.ZHG2P()

    def speak(self, text, voice):
        numpy = self.numpy
        styles = numpy.fromfile(self.voices / f"{voice}.bin", dtype=numpy.float32).reshape(-1, 256)
        parts = []
        for sentence in re.findall(r"[^。！？；：]+[。！？；：]?", text):
            sounds = self.sounds_of(sentence)
            sounds = sounds[0] if isinstance(sounds, tuple) else sounds
            ids = [self.vocabulary[sound] for sound in sounds if sound in self.vocabulary][:500]
            if not ids:
                continue
            inputs = {
                "tokens": numpy.array([[0, *ids, 0]], dtype=numpy.int64),
                "style": styles[len(ids)][None],
                "speed": numpy.ones(1, dtype=numpy.float32),
            }
            parts += [self.session.run(None, inputs)[0],
                      numpy.zeros(int(RATE * PAUSE_SECONDS), dtype=numpy.float32)]
        return numpy.concatenate(parts)


def write_sound(samples, target):
    import soundfile

    whole = target.with_suffix(".24k.wav")
    soundfile.write(whole, samples, RATE)
    part = target.with_suffix(".part.wav")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", whole, "-ac", "1", "-ar", "16000", part], check=True)
    whole.unlink()
    part.rename(target)


def main(model, vocabulary, voices, folder, report, names):
    folder, report = pathlib.Path(folder), pathlib.Path(report)
    folder.mkdir(parents=True, exist_ok=True)
    text = report.read_text(encoding="utf-8").strip()
    (folder / f"{report.stem}.said.txt").write_text(said(text), encoding="utf-8")
    (folder / f"{report.stem}.written.txt").write_text(written(text), encoding="utf-8")
    missing = [name for name in names if not (folder / f"{report.stem}-{name}.wav").exists()]
    if not missing:
        return
    speaker = Speaker(model, vocabulary, voices)
    for name in missing:
        write_sound(speaker.speak(said(text), name), folder / f"{report.stem}-{name}.wav")


if __name__ == "__main__":
    if len(sys.argv) < 7:
        sys.exit(__doc__)
    main(*sys.argv[1:6], sys.argv[6:])
