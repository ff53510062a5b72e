"""What jobs lose beside each other, on two cores.

    load.py HUIBAO FOLDER RUNS

FOLDER has three videos of the same length, made by scripts/bench-load: copied.mp4, whose picture is
only copied; encoded.mp4, whose picture is encoded anew; picture.mp4, the same with hardly any sound.
Standard library only.

A job is one stage of one report, timed by `huibao process --json`; the other stages take next to no
time. Apart, it has both cores; together, each of two jobs has one. A job that takes `a` seconds
apart and `t` beside another does `a / t` of a job in the time that one takes apart. The sum over
both is the throughput that is kept: 1.00 is as good as one after the other, whatever their lengths.
For two like jobs that is the sum of their times apart over their time together. The last line takes
one report as it comes: whichever stage is left over goes on with its one core.
"""

import collections
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

Job = collections.namedtuple("Job", "video stage model remuxed")
"""The stage that counts; a model that makes the other stage take no time, if need be; and whether
the picture is copied, to be sure that it is what it is meant to be."""

APART = {"HUIBAO_CORES": "6", "HUIBAO_CORES_PER_TASK": "2"}
"""More than there are, so that a stage that takes no time cannot keep one of two from the other."""
TOGETHER = {"HUIBAO_CORES": "1"}
ONE_REPORT = {"HUIBAO_CORES": "2"}


class Running:
    """A `huibao process` at work, with a folder of its own."""

    def __init__(self, huibao, job, cores):
        self.job = job
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.answer = pathlib.Path(self.folder.name) / "answer.json"
        command = [huibao, "process", "--json", "--out", self.folder.name, job.video]
        model = {"HUIBAO_MODEL": str(job.model)} if job.model else {}
        with self.answer.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, env={**os.environ, **cores, **model},
                                            start_new_session=True)

    def ended(self):
        return self.process.poll() is not None

    def timings(self):
        """Waits for the end."""
        if self.process.wait():
            sys.exit("huibao process failed")
        answer = json.loads(self.answer.read_text("utf-8"))
        assert answer["media"]["remuxed"] == self.job.remuxed, answer["media"]
        self.folder.cleanup()
        return answer["timings"]

    def kill(self):
        """With its children."""
        if not self.ended():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.folder.cleanup()


def apart(huibao, job):
    return Running(huibao, job, APART).timings()[job.stage]


def together(huibao, jobs):
    """Seconds of each. Whoever ends sooner begins again, so that none is ever alone; first runs count."""
    running = [Running(huibao, job, TOGETHER) for job in jobs]
    seconds = {}
    try:
        while len(seconds) < len(jobs):
            time.sleep(0.05)
            for number, job in enumerate(jobs):
                if running[number].ended():
                    seconds.setdefault(number, running[number].timings()[job.stage])
                    running[number] = Running(huibao, job, TOGETHER)
    finally:
        for each in running:
            each.kill()
    return [seconds[number] for number in range(len(jobs))]


def one_report(huibao, job):
    """Seconds that both stages of a report take, from the first one's start to the last one's end."""
    timings = Running(huibao, job, ONE_REPORT).timings()
    return timings["total_seconds"] - timings["ingest_seconds"] - timings["archive_seconds"]


def measure(huibao, recognition, transcode, report):
    """Each row's seconds apart, seconds together and throughput kept, of one run."""
    alone = {job: apart(huibao, job) for job in (recognition, transcode)}
    rows = {}
    for name, jobs in {"two recognitions": [recognition, recognition],
                       "recognition and transcode": [recognition, transcode]}.items():
        before, beside = [alone[job] for job in jobs], together(huibao, jobs)
        rows[name] = before, beside, sum(a / t for a, t in zip(before, beside))
    before, whole = list(alone.values()), one_report(huibao, report)
    rows["one report, both stages"] = before, [whole], sum(before) / whole
    return rows


def print_row(name, results):
    """Medians over the runs, each column by itself."""
    before, beside, kept = zip(*results)

    def listed(rows, sign):
        return sign.join(f"{statistics.median(column):.1f}" for column in zip(*rows))

    print(f"{name:<28} {listed(before, ' + '):>16}   {listed(beside, ', '):>18}   {statistics.median(kept):6.2f}")


def main(huibao, folder, runs):
    folder = pathlib.Path(folder).resolve()
    script = folder / "script.json"
    script.write_text('{"engine": "scripted", "text": "您好"}', "utf-8")
    recognition = Job(folder / "copied.mp4", "transcribe_seconds", None, remuxed=True)
    transcode = Job(folder / "picture.mp4", "transcode_seconds", script, remuxed=False)
    report = Job(folder / "encoded.mp4", None, None, remuxed=False)
    results = [measure(huibao, recognition, transcode, report) for _ in range(runs)]
    print(f"{f'2 cores, medians of {runs}':<28} {'s apart, 2 cores':>16}   {'s together, 1 each':>18}     kept")
    for name in results[0]:
        print_row(name, [rows[name] for rows in results])


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
