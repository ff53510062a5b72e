"""Many uploads at once: to Huibao whole, to Huibao with broken connections, and to nginx.

    uploads.py HUIBAO NGINX FOLDER RUNS UPLOADS MIB

Run by scripts/bench-uploads. Standard library only.
"""

import asyncio
import collections
import contextlib
import csv
import hashlib
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
import typing

from server import environment, huibao_up, new_token, now_ms, stopping, uuid7
from wire import Connection, Tus, Videos, expect, new_report
from worker import cpu_seconds

CUTS = 5
MIB = 1024 * 1024


class Figures(typing.NamedTuple):
    seconds: float
    cpu: float
    """Of the server."""
    synced: float
    """Until the file system had written everything to the disk as well."""
    before: float
    highest: float


def sync(folder):
    """All that the file system of this folder has not written yet."""
    subprocess.run(["sync", "--file-system", folder], check=True)


def together(things):
    async def gather():
        return await asyncio.gather(*things)
    return asyncio.run(gather())


def measure(folder, server, uploads):
    """Runs uploads at once. What an earlier way left to be written to the disk is not counted."""
    sync(folder)
    server.forget_peak()
    before, cpu = server.memory("VmRSS"), server.cpu_seconds()
    start = time.monotonic()
    together(uploads)
    seconds = time.monotonic() - start
    highest, cpu = server.memory("VmHWM"), server.cpu_seconds() - cpu
    sync(folder)
    return Figures(seconds, cpu, time.monotonic() - start, before, highest)


class Bench:
    def __init__(self, huibao, nginx, folder, uploads, length):
        self.huibao, self.nginx, self.folder = huibao, nginx, folder
        self.videos = Videos(random.Random(1), uploads, length)
        self.sums = [hashlib.sha256(self.videos[i]).hexdigest() for i in range(uploads)]
        self.length = length
        self.tokens = []
        self.tally = collections.Counter()

    def prepare(self):
        """An installation with an activist for each upload, of which each run gets a copy."""
        data, roster = self.folder / "prepared" / "data", self.folder / "roster.csv"
        data.parent.mkdir()
        with open(roster, "w", encoding="utf-8", newline="") as file:
            rows = [(f"B{i:06}", f"Bench {i}", "/college/branch") for i in range(len(self.sums))]
            csv.writer(file).writerows([("number", "name", "branch"), *rows])
        subprocess.run([self.huibao, "user", "import", roster, "--data-dir", data], check=True, cwd=self.folder,
                       env=environment(), stdout=subprocess.DEVNULL)
        with contextlib.closing(sqlite3.connect(data / "huibao.db")) as database, database:
            for i, (person,) in enumerate(database.execute("SELECT id FROM people ORDER BY number").fetchall()):
                secret, digest = new_token()
                self.tokens.append(secret)
                database.execute("INSERT INTO tokens (id, person_id, name, secret_hash, created_at) "
                                 "VALUES (?, ?, 'bench', ?, '2026-01-01T00:00:00+00:00')",
                                 (uuid7(now_ms(), 1, i), person, digest))

    def to_huibao(self, upload):
        """`upload` sends one file, of which it is told the number, the author's token and the report."""
        data = self.folder / "run" / "data"
        shutil.copytree(self.folder / "prepared", data.parent)
        with huibao_up(self.huibao, data) as server:
            reports = together(new_report(server.address, token) for token in self.tokens)
            figures = measure(self.folder, server, [
                upload(server.address, i, token, report)
                for i, (token, report) in enumerate(zip(self.tokens, reports))])
        self.compare(data, reports)
        shutil.rmtree(data.parent)
        return figures

    def compare(self, data, reports):
        """Each file in the storage has the bytes that were sent, and the checksum that the database has."""
        with contextlib.closing(sqlite3.connect(data / "huibao.db")) as database:
            rows = database.execute("SELECT report_id, key, sha256 FROM uploads").fetchall()
        stored = {report.hex(): row for report, *row in rows}
        for report, wanted in zip(reports, self.sums, strict=True):
            key, known = stored.pop(report.replace("-", ""))
            if known != wanted or sha256_of(data / "files" / key) != wanted:
                sys.exit(f"{key} is not what was sent")
        if stored:
            sys.exit("there are more uploads than were made")

    async def whole(self, address, number, token, report):
        connection = await Connection.open(address)
        await Tus(address, token).send_whole(connection, report, self.videos[number])
        connection.cut()

    async def interrupted(self, address, number, token, report):
        """Each connection breaks off in the middle of a request but the last. While the first one sends, another
        wants to write as well, which must be told that the upload is locked."""
        data, upload = self.videos[number], Tus(address, token)
        connection = await Connection.open(address)
        await upload.create(connection, report, self.length)
        connection.cut()
        chance, last = random.Random(number), 0
        for cut in sorted(chance.sample(range(1, self.length), CUTS)):
            connection, offset = await upload.resume(self.length, self.tally)
            self.tally["lost"] += last - offset
            await connection.send(data[offset:cut])
            if not last:
                rival = await Connection.open(address)
                expect(423, await upload.append(rival, 0, data[:1]))
                rival.cut()
                self.tally["rivals"] += 1
            connection.cut()
            last = cut
        connection, offset = await upload.resume(self.length, self.tally)
        self.tally["lost"] += last - offset
        await connection.send(data[offset:])
        expect(204, await connection.answer())
        connection.cut()

    async def put(self, address, number):
        connection = await Connection.open(address)
        expect(201, await connection.ask("PUT", f"/{number}.mp4", {}, self.videos[number]))
        connection.cut()

    def to_nginx(self):
        folder = self.folder / "nginx"
        for name in ("files", "temp"):
            (folder / name).mkdir(parents=True)
        with nginx(self.nginx, folder) as server:
            figures = measure(self.folder, server, [self.put(server.address, i) for i in range(len(self.sums))])
        for i, wanted in enumerate(self.sums):
            if sha256_of(folder / "files" / f"{i}.mp4") != wanted:
                sys.exit("nginx has not what was sent")
        shutil.rmtree(folder)
        return figures


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Nginx(typing.NamedTuple):
    process: subprocess.Popen
    address: tuple

    def memory(self, _field):
        """It has several processes, which is not compared."""
        return 0.0

    def cpu_seconds(self):
        pid = self.process.pid
        workers = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return sum(map(cpu_seconds, workers))

    def forget_peak(self):
        pass


@contextlib.contextmanager
def nginx(program, folder):
    """As Debian builds it, with as much buffer for each body as Huibao has."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(f"""
        daemon off; {user} worker_processes auto; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 2048; }}
        http {{
          access_log off; client_max_body_size 0; client_body_buffer_size 128k; client_body_temp_path {folder}/temp;
          proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2; uwsgi_temp_path {folder}/t3;
          scgi_temp_path {folder}/t4;
          server {{ listen 127.0.0.1:{port}; root {folder}/files; location / {{ dav_methods PUT; }} }}
        }}""", encoding="ascii")
    process = subprocess.Popen([program, "-e", folder / "error.log", "-c", config, "-p", folder])
    with stopping(process):
        address = "127.0.0.1", port
        for _ in range(100):
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(address):
                break
            time.sleep(0.05)
        yield Nginx(process, address)


def main(huibao, nginx_program, folder, runs, uploads, mib):
    bench = Bench(huibao, nginx_program, pathlib.Path(folder), uploads, mib * MIB)
    bench.prepare()
    ways = {"nginx, PUT": bench.to_nginx,
            "Huibao, whole": lambda: bench.to_huibao(bench.whole),
            f"Huibao, cut {CUTS} times": lambda: bench.to_huibao(bench.interrupted)}
    results = {name: [] for name in ways}
    order = list(ways)
    for _ in range(runs):
        for name in order:
            results[name].append(ways[name]())
            print(name, *(f"{value:.2f}" for value in results[name][-1]), file=sys.stderr, flush=True)
        # Whoever comes first pays for what is cold.
        order.append(order.pop(0))
    medians = {name: Figures(*map(statistics.median, zip(*turns))) for name, turns in results.items()}
    first = next(iter(medians.values()))
    print(f"{uploads} uploads at once of {mib} MiB each, medians of {runs} runs")
    print(f"{'':<22}     s  MiB/s  to nginx  CPU s  s, on disk  MiB/s  to nginx  MiB before  highest")
    for name, (seconds, cpu, synced, before, highest) in medians.items():
        memory = f"{before:10.0f}  {highest:7.0f}" if highest else ""
        print(f"{name:<22} {seconds:5.2f}  {uploads * mib / seconds:5.0f}  {first.seconds / seconds:8.2f}  "
              f"{cpu:5.2f}  {synced:10.2f}  {uploads * mib / synced:5.0f}  {first.synced / synced:8.2f}  {memory}")
    sent, tally = runs * uploads * mib * MIB, bench.tally
    print(f"{runs * uploads * CUTS} broken connections: {tally['lost']} bytes of {sent} sent again; "
          f"{tally[423]} times the upload was still locked, {tally[409]} times the offset moved")
    print(f"second writers refused: {tally['rivals']} of {runs * uploads}; all files have the bytes that were sent")


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))
