"""Compares Huibao's recognition with whisper.cpp's on other models, as peers.py does on base.

    models.py RECOGNISE NATIVE MODELS SOUND.wav REFERENCE.txt RUNS MODEL...

RECOGNISE and NATIVE are peers.py's. MODEL is a name as in the settings: small-q8_0.
"""

import pathlib
import sys

from peers import OURS, compare, judge_of, ours, whisper_cpp


def commands(recognise, native, models, model, sound):
    weights = models / f"ggml-{model}.bin"
    return {
        OURS: ours(recognise, models, weights, sound),
        "whisper.cpp greedy": whisper_cpp(native, "greedy", weights, sound),
        "whisper.cpp beam 5": whisper_cpp(native, "beam", weights, sound),
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
