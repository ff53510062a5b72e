"""Compares Huibao's recognition with other engines on the same weights, cores and sound.

    peers.py RECOGNISE NATIVE MODELS PYTHON SOUND.wav REFERENCE.txt RUNS

RECOGNISE is worker/examples/recognise.rs, built as Huibao is; NATIVE the same with whisper.cpp built for
this very machine; PYTHON has faster-whisper and OpenCC. All engines take turns in every run. Figures are
of the whole process, loading included; medians. Then each hears each variant of the sound (variants.py)
once.
"""

import collections
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from opencc import OpenCC

import variants
from measure import error_rate, wait_for

THREADS = "2"
OURS = "Huibao"

Figures = collections.namedtuple("Figures", "cpu wall memory rate")


def ours(recognise, models, weights, sound):
    return [recognise, "huibao", weights, models / "ggml-silero-v6.2.0.bin", sound, THREADS]


def whisper_cpp(native, how, weights, sound):
    return [native, "whisper.cpp", how, weights, sound, THREADS]


def commands(recognise, native, models, python, sound):
    peers = models / "whisper-base-peers"
    faster = [python, pathlib.Path(__file__).with_name("faster_whisper_run.py"), peers, sound, THREADS]
    q8_0 = models / "ggml-base-q8_0.bin"
    return {
        OURS: ours(recognise, models, q8_0, sound),
        "whisper.cpp greedy, q8_0": whisper_cpp(native, "greedy", q8_0, sound),
        "whisper.cpp beam 5, f16": whisper_cpp(native, "beam", peers / "ggml-base.bin", sound),
        "faster-whisper greedy, int8, VAD": [*faster, "1"],
        "faster-whisper beam 5, int8, VAD": [*faster, "5"],
    }


def run(command):
    """The text of a command, and its processor time, wall time and peak memory in MiB."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = child.stdout.read().decode()
    used = wait_for(child)
    wall = time.monotonic() - began
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return text, used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


def take_turns(engines, judge):
    """Each engine's figures for one sound."""
    figures = {}
    for name, command in engines.items():
        text, *used = run(command)
        figures[name] = Figures(*used, judge(text))
    return figures


def medians(turns):
    """Each engine's medians of several turns on one sound."""
    columns = {name: zip(*(turn[name] for turn in turns)) for name in turns[0]}
    return {name: Figures(*map(statistics.median, column)) for name, column in columns.items()}


def print_sample(figures, runs):
    print(f"{'':<34} CPU s  wall s   MiB    CER   (medians of {runs})")
    for name, (cpu, wall, memory, rate) in figures.items():
        print(f"{name:<34} {cpu:5.1f}  {wall:6.1f}  {memory:4.0f}  {rate:.3f}", flush=True)


def print_variants(heard):
    """`heard` has each variant's figures by engine. The last column compares processor time."""
    engines = next(iter(heard.values())).keys()
    cpu = {name: sum(figures[name].cpu for figures in heard.values()) for name in engines}
    fastest = min(seconds for name, seconds in cpu.items() if name != OURS)
    print(f"{'CER by variant':<32}", *(f"{variant:>6}" for variant in heard), "  mean  CPU s  to fastest peer")
    for name in engines:
        rates = [figures[name].rate for figures in heard.values()]
        print(f"{name:<32}", *(f"{rate:6.3f}" for rate in [*rates, statistics.mean(rates)]),
              f"{cpu[name]:6.1f}  {cpu[name] / fastest:.2f}")


def hear_variants(sound, plain, hear):
    """Each variant's figures by engine. They are told as they come, for this takes a while."""
    heard = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in variants.make(sound, folder).items():
            heard[name] = plain if name == "plain" else hear(path)
            rates = " ".join(f"{figures.rate:.3f}" for figures in heard[name].values())
            print(f"{name}: {rates}", file=sys.stderr, flush=True)
    return heard


def judge_of(reference):
    """What tells a text's character error rate."""
    said = pathlib.Path(reference).read_text("utf-8")
    simplify = OpenCC("t2s").convert
    return lambda text: error_rate(said, simplify(text))


def compare(engines_for, sound, judge, runs):
    """Prints how engines do. `engines_for` has each engine's command for a file of sound."""

    def hear(path):
        return take_turns(engines_for(path), judge)

    plain = medians([hear(sound) for _ in range(runs)])
    print_sample(plain, runs)
    heard = hear_variants(sound, plain, hear)
    print()
    print_variants(heard)


def main(recognise, native, models, python, sound, reference, runs):
    def engines_for(path):
        return commands(recognise, native, pathlib.Path(models), python, path)

    compare(engines_for, sound, judge_of(reference), runs)


if __name__ == "__main__":
    if len(sys.argv) != 8:
        sys.exit(__doc__)
    main(*sys.argv[1:7], int(sys.argv[7]))
