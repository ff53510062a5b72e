"""Runs `huibao process` on a sample and prints medians.

    speech.py HUIBAO SAMPLE.mp4 REFERENCE.txt RUNS

Standard library only.
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

from measure import error_rate, uncovered

MAX_ERROR_RATE = 0.14
MAX_MEMORY_MIB = 1024
STAGES = ("ingest", "transcode", "transcribe", "archive")


def run(huibao, sample):
    """One run: its answer, its transcript, and the CPU seconds of it and all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command = [huibao, "process", "--json", "--cores", "2", "--out", folder, sample]
        # A model that stays loaded would be killed with its process, which then counts nowhere.
        env = {**os.environ, "HUIBAO_MODEL_IDLE_SECONDS": "0"}
        answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=env).stdout)
        transcript = json.loads((pathlib.Path(answer["bag"]) / "data/transcript.json").read_text("utf-8"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return answer, transcript, cpu


def main(huibao, sample, reference, runs):
    said = pathlib.Path(reference).read_text("utf-8")
    results = [run(huibao, sample) for _ in range(runs)]
    duration = results[0][0]["media"]["duration_seconds"]

    def median(value):
        return statistics.median(value(*result) for result in results)

    def seconds(name):
        return median(lambda answer, *_: answer["timings"][f"{name}_seconds"])

    def overhead(answer, *_):
        timings = answer["timings"]
        return timings["total_seconds"] / sum(timings[f"{stage}_seconds"] for stage in STAGES) - 1

    rate = median(lambda answer, *_: error_rate(said, answer["transcript"]["text"]))
    gaps = max(len(uncovered(transcript)) for _, transcript, _ in results)
    # The largest single process of all runs, in KiB.
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024

    print(f"sample                        {duration:.1f} s, {runs} runs on 2 cores, medians")
    for stage in (*STAGES, "total"):
        print(f"{stage:<29} {seconds(stage):.2f} s")
    print(f"recognition / duration        {seconds('transcribe') / duration:.3f}")
    print(f"pipeline over its stages      {median(overhead):+.1%}")
    print(f"CPU time, all processes       {median(lambda *result: result[2]):.1f} s")
    print(f"peak memory, largest process  {memory:.0f} MiB")
    print(f"character error rate          {rate:.3f}")
    print(f"speech regions without text   {gaps}")
    if rate > MAX_ERROR_RATE or gaps or memory >= MAX_MEMORY_MIB:
        sys.exit("out of bounds")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
