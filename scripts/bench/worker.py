"""What an idle worker costs, and how soon another goes on with a killed one's task.

    worker.py HUIBAO VIDEO FOLDER RUNS

Run by scripts/bench-worker, which sets the environment. Standard library only.
"""

import contextlib
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
import urllib.request

LEASE_SECONDS = 10
IDLE_SECONDS = 30
STAGES = ("ingest", "transcode", "transcribe", "archive")


@contextlib.contextmanager
def running(command, folder, **environment):
    """A process that is killed in the end."""
    data = ["--data-dir", str(folder)]
    log = open(folder.parent / "log", "a", encoding="utf-8")
    process = subprocess.Popen([*command, *data], env={**os.environ, **environment},
                               stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def idle(huibao, folder):
    """Per cent of a core, and MiB, of a worker that waits."""
    with running([huibao, "worker"], folder / "idle") as worker:
        time.sleep(10)
        before = cpu_seconds(worker.pid)
        time.sleep(IDLE_SECONDS)
        share = (cpu_seconds(worker.pid) - before) / IDLE_SECONDS
        status = pathlib.Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii")
        resident = int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
    print(f"idle worker: {100 * share:.2f} % of a core, {resident:.0f} MiB")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def takeover(huibao, video, folder, url, stage):
    """Seconds from the death of a worker that had just claimed a stage to the next claim."""
    fault = {"HUIBAO_FAULT": f"kill:claimed:{stage}"}
    with running([huibao, "worker"], folder / "first", **fault) as first:
        submitted = subprocess.run([huibao, "submit", video, "--server", url, "--json"], check=True,
                                   stdout=subprocess.PIPE)
        report = json.loads(submitted.stdout)["report"]["id"]
        first.wait(60)
        died = datetime.datetime.now(datetime.timezone.utc)
    with running([huibao, "worker"], folder / "second"):
        while True:
            request = urllib.request.Request(f"{url}/api/v1/reports/{report}", headers={
                "Authorization": f"Bearer {os.environ['HUIBAO_TOKEN']}"})
            answer = json.load(urllib.request.urlopen(request))["report"]
            if answer["state"] == "ready":
                break
            time.sleep(0.1)
    listed = subprocess.run([huibao, "jobs", "list", "--kind", stage, "--json"], check=True,
                            stdout=subprocess.PIPE)
    job = next(j for j in json.loads(listed.stdout)["jobs"] if j["report_id"] == report)
    assert job["attempt"] == 2, job
    return (datetime.datetime.fromisoformat(job["started_at"]) - died).total_seconds()


def sign_up(huibao):
    """Adds an activist, in whose name reports are handed in."""
    name = f"bench-{os.getpid()}"
    subprocess.run([huibao, "user", "add", name, "--role", "activist"], check=True, stdout=subprocess.DEVNULL)
    made = subprocess.run([huibao, "token", "create", name, "--quiet"], check=True, stdout=subprocess.PIPE)
    os.environ["HUIBAO_TOKEN"] = made.stdout.decode().strip()


def main(huibao, video, folder, runs):
    folder = pathlib.Path(folder)
    idle(huibao, folder)
    os.environ["HUIBAO_LEASE_SECONDS"] = str(LEASE_SECONDS)
    sign_up(huibao)
    with running([huibao, "api", "--listen", "127.0.0.1:0"], folder / "api") as api:
        url = next(word for line in api.stdout for word in line.split() if word.startswith("http")).rstrip("/")
        after = [takeover(huibao, video, folder, url, stage) - LEASE_SECONDS
                 for _ in range(runs) for stage in STAGES]
    print(f"takeover: lease {statistics.median(after):+.1f} s (median of {len(after)}), "
          f"at most {max(after):+.1f} s")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:4], int(sys.argv[4]))
