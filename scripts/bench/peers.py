"""Compares Huibao's recognition with other engines on the same weights, cores and sound.

    peers.py RECOGNISE MODELS PYTHON SOUND.wav REFERENCE.txt RUNS

RECOGNISE is worker/examples/recognise.rs, built; PYTHON has faster-whisper and OpenCC. All engines
take turns in every run. Figures are of the whole process, loading included; medians.
"""

import pathlib
import resource
import statistics
import subprocess
import sys
import time

from opencc import OpenCC

from measure import error_rate

THREADS = "2"


def commands(recognise, models, python, sound):
    peers = models / "whisper-base-peers"
    faster = [python, pathlib.Path(__file__).with_name("faster_whisper_run.py"), peers, sound, THREADS]
    q8_0, vad = models / "ggml-base-q8_0.bin", models / "ggml-silero-v6.2.0.bin"
    return {
        "Huibao": [recognise, "huibao", q8_0, vad, sound, THREADS],
        "whisper.cpp greedy, q8_0": [recognise, "whisper.cpp", "greedy", q8_0, sound, THREADS],
        "whisper.cpp beam 5, f16": [
            recognise, "whisper.cpp", "beam", peers / "ggml-base.bin", sound, THREADS
        ],
        "faster-whisper greedy, int8, VAD": [*faster, "1"],
        "faster-whisper beam 5, int8, VAD": [*faster, "5"],
    }


def run(command):
    """The text, wall time and processor time of a command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return text, wall, cpu


def main(recognise, models, python, sound, reference, runs):
    said = pathlib.Path(reference).read_text("utf-8")
    simplify = OpenCC("t2s").convert
    results = {}
    for _ in range(runs):
        for name, command in commands(recognise, pathlib.Path(models), python, sound).items():
            text, wall, cpu = run(command)
            results.setdefault(name, []).append((cpu, wall, error_rate(said, simplify(text))))
    print(f"{'':<34} CPU s  wall s    CER   (medians of {runs})")
    for name, figures in results.items():
        cpu, wall, rate = (statistics.median(column) for column in zip(*figures))
        print(f"{name:<34} {cpu:5.1f}  {wall:6.1f}  {rate:.3f}")


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    main(*sys.argv[1:6], int(sys.argv[6]))
