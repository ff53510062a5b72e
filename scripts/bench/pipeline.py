"""Compares the pipeline's own cost with a chain of Celery tasks, and with more and more reports.

    pipeline.py PIPELINE_OVERHEAD RUNS MOST_REPORTS

Run by scripts/bench-pipeline, which sets the environment. Reports per second, medians.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

REPORTS = 1000
AT_ONCE = 8
"""Tasks at once in one process of ours; they wait for servers, not for cores."""
CELERY_PROCESSES = (2, 8)


def figure(command, **environment):
    """The number a command prints."""
    done = subprocess.run(
        list(map(str, command)), check=True, stdout=subprocess.PIPE, env={**os.environ, **environment}
    )
    return float(done.stdout)


def distributed(ours, reports):
    return figure([ours, reports, AT_ONCE])


def embedded(ours, reports):
    with tempfile.TemporaryDirectory() as folder:
        return figure(
            [ours, reports, AT_ONCE],
            HUIBAO_DATABASE_URL=f"sqlite://{folder}/bench.db",
            HUIBAO_QUEUE_URL="",
            HUIBAO_STORAGE_URL=f"file://{folder}/files",
        )


def celery(processes):
    script = pathlib.Path(__file__).with_name("celery_chain.py")
    return figure([sys.executable, script, REPORTS, processes])


def main(ours, runs, most):
    ways = {"PostgreSQL, RabbitMQ, S3": lambda: distributed(ours, REPORTS),
            "embedded": lambda: embedded(ours, REPORTS)}
    for processes in CELERY_PROCESSES:
        ways[f"Celery, {processes} processes"] = lambda processes=processes: celery(processes)
    results = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            results[name].append(way())
    medians = {name: statistics.median(rates) for name, rates in results.items()}
    base = max(rate for name, rate in medians.items() if name.startswith("Celery"))
    print(f"{REPORTS} reports, medians of {runs}   reports/s   to the best Celery")
    for name, rate in medians.items():
        print(f"{name:<32} {rate:8.0f}   {rate / base:8.2f}")
    queued = REPORTS
    while queued <= most:
        rates = distributed(ours, queued), embedded(ours, queued)
        print(f"{queued:>7} queued: {rates[0]:.0f} reports/s, embedded {rates[1]:.0f}", flush=True)
        queued *= 10


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
