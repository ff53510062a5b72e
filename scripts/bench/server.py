"""A `huibao up` of one's own, and other processes that benchmarks run. Standard library only."""

import contextlib
import hashlib
import os
import pathlib
import re
import secrets
import signal
import subprocess
import time
import urllib.parse

from worker import cpu_seconds


def environment(**settings):
    """Ours without the settings of an installation that may be somewhere here."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HUIBAO_")}
    return {**plain, "HUIBAO_LANG": "en", "HUIBAO_LOG": "warn", **settings}


class Served:
    """A server that runs: its address, and its memory as the kernel counts it."""

    def __init__(self, pid, url):
        self.pid = pid
        parts = urllib.parse.urlsplit(url)
        self.address = parts.hostname, parts.port

    def memory(self, field):
        """MiB; VmRSS is resident now, VmHWM the most so far."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"{field}:\s+(\d+)", status).group(1)) / 1024

    def cpu_seconds(self):
        """Of all its threads so far."""
        return cpu_seconds(self.pid)

    def forget_peak(self):
        """VmHWM counts from now on."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")


@contextlib.contextmanager
def stopping(process, how=signal.SIGTERM):
    """Ends a process in the end."""
    try:
        yield process
    finally:
        process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def huibao_up(huibao, data, **settings):
    """Pages, API and workers, which have nothing to do, in one process."""
    with open(data.parent / "huibao.log", "ab") as log:
        process = subprocess.Popen(
            [huibao, "up", "--listen", "127.0.0.1:0", "--data-dir", data], cwd=data.parent,
            env=environment(**settings), stdout=subprocess.PIPE, stderr=log, text=True)
    with stopping(process):
        words = (word for line in process.stdout for word in line.split())
        url = next((word for word in words if word.startswith("http://")), None)
        if url is None:
            raise SystemExit(f"huibao did not start: {(data.parent / 'huibao.log').read_text('utf-8')}")
        yield Served(process.pid, url)


def new_token():
    """The secret of a personal access token, and what the database keeps of it."""
    secret = "hb_" + secrets.token_urlsafe(32)
    return secret, hashlib.sha256(secret.encode()).digest()


def uuid7(milliseconds, table, number):
    """A version 7 UUID as bytes: the time, then what it is of, so that it is the same each time."""
    head = milliseconds.to_bytes(6) + (0x7000 | table).to_bytes(2)
    return head + (1 << 63 | number).to_bytes(8)


def now_ms():
    return time.time_ns() // 1_000_000
