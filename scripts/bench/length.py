"""Recognises longer and longer sound.

    length.py RECOGNISE MODELS SAMPLE.mp4 LONGEST_MINUTES

RECOGNISE is worker/examples/recognise.rs, built. The sound is the sample's again and again, with
pauses between. Figures are of the whole process, loading included. Needs ffmpeg; standard library
only.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import time

from measure import wait_for

MINUTES = (5, 10, 20, 40, 120)
PAUSES = (1, 4, 0.5, 9, 2, 20)
"""Seconds, over and over: some that join passages, some that part them."""
THREADS = "2"
MAX_MEMORY_MIB = 1024


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def parts(sample, folder):
    """The sample's sound, then the pauses: as quiet as a room, not as a gap in the file."""
    form = ("-ac", 1, "-ar", 16000, "-c:a", "pcm_s16le")
    ffmpeg("-i", sample, "-vn", *form, folder / "said.wav")
    for number, seconds in enumerate(PAUSES):
        room = f"anoisesrc=color=pink:seed={number}:amplitude=0.002:duration={seconds}"
        ffmpeg("-f", "lavfi", "-i", room, *form, folder / f"pause{number}.wav")


def make(minutes, folder):
    """Sound of this length."""
    names = []
    for number in range(minutes):  # More than enough: the sample is longer than a minute.
        names += ["said.wav", f"pause{number % len(PAUSES)}.wav"]
    listed = folder / "list.txt"
    listed.write_text("".join(f"file {name}\n" for name in names), "ascii")
    sound = folder / f"{minutes}-minutes.wav"
    ffmpeg("-f", "concat", "-i", listed, "-t", minutes * 60, "-c", "copy", sound)
    return sound


def run(command):
    """Wall time, seconds until the first text, memory in MiB, and characters of one process."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as text:
        process = subprocess.Popen(command, stdout=text, stderr=subprocess.PIPE)
        log = process.stderr.read().decode()
        usage = wait_for(process)
        wall = time.monotonic() - began
        if process.returncode:
            sys.exit(f"{command[0]} failed ({process.returncode}): {log}")
        text.seek(0)
        characters = len(text.read().decode().strip())
    first = float(re.search(r"first text after ([\d.]+) s", log).group(1))
    return wall, first, usage.ru_maxrss / 1024, characters


def main(recognise, models, sample, longest):
    models = pathlib.Path(models)
    q8_0, vad = models / "ggml-base-q8_0.bin", models / "ggml-silero-v6.2.0.bin"
    peak = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        parts(sample, folder)
        print("minutes   wall s   s / minute   first text   characters / minute   peak memory")
        for minutes in sorted({*(m for m in MINUTES if m < longest), longest}):
            sound = make(minutes, folder)
            wall, first, memory, characters = run([recognise, "huibao", q8_0, vad, sound, THREADS])
            sound.unlink()
            peak = max(peak, memory)
            print(f"{minutes:>7}   {wall:6.1f}   {wall / minutes:10.2f}   {first:8.1f} s   "
                  f"{characters / minutes:19.0f}   {memory:7.0f} MiB", flush=True)
    if peak >= MAX_MEMORY_MIB:
        sys.exit("out of bounds")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:4], int(sys.argv[4]))
