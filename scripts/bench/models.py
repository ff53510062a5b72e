"""Compares Huibao's recognition with whisper.cpp's on other models, as peers.py does on base.

    models.py RECOGNISE NATIVE MODELS SOUND.wav REFERENCE.txt RUNS MODEL...

RECOGNISE and NATIVE are peers.py's. MODEL is a name as in the settings: small-q8_0.
"""

import pathlib
import sys

from peers import OURS, THREADS, compare, judge_of


def commands(recognise, native, models, model, sound):
    weights, vad = models / f"ggml-{model}.bin", models / "ggml-silero-v6.2.0.bin"
    return {
        OURS: [recognise, "huibao", weights, vad, sound, THREADS],
        "whisper.cpp greedy": [native, "whisper.cpp", "greedy", weights, sound, THREADS],
        "whisper.cpp beam 5": [native, "whisper.cpp", "beam", weights, sound, THREADS],
    }


def main(recognise, native, models, sound, reference, runs, names):
    judge = judge_of(reference)
    for name in names:
        print(f"\n{name}")
        compare(lambda path: commands(recognise, native, pathlib.Path(models), name, path),
                sound, judge, runs)


if __name__ == "__main__":
    if len(sys.argv) < 8:
        sys.exit(__doc__)
    main(*sys.argv[1:6], int(sys.argv[6]), sys.argv[7:])
