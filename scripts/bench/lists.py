"""How fast lists of reports and single reports are answered with many reports there, while videos are uploaded.

    lists.py HUIBAO FOLDER REQUESTS REPORTS MIB_PER_SECOND

Run by scripts/bench-lists. PostgreSQL if BENCH_POSTGRES is its URL. Standard library only.
"""

import asyncio
import contextlib
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import time
import typing
import urllib.parse

import fill
from server import huibao_up, new_token
from wire import MP4, Connection, Tus, expect, new_report

CLIENTS = 8
UPLOADS = 8
UPLOAD_MIB = 32
MIB = 1024 * 1024
PAGES_ON = 10
"""After so many pages, a client goes on elsewhere."""


class Reader:
    """A client with a connection and a token of its own."""

    def __init__(self, address, token, chance):
        self._address, self._headers, self.chance = address, {"Authorization": f"Bearer {token}"}, chance
        self._connection = None

    async def get(self, path):
        """The answer, and how long it took in seconds."""
        if self._connection is None:
            self._connection = await Connection.open(self._address)
        start = time.perf_counter()
        answer = await self._connection.ask("GET", path, self._headers)
        seconds = time.perf_counter() - start
        return expect(200, answer), seconds


class Questions:
    """Each is asked by a client over and over, and returns how long each answer took."""

    def __init__(self, filled, requests):
        self.filled, self.requests = filled, requests

    def report_id(self, number):
        return fill.dashed(self.filled.id(fill.REPORT, number, number))

    async def first_page(self, reader, _mine):
        return [(await reader.get("/api/v1/reports"))[1] for _ in range(self.requests)]

    async def later_pages(self, reader, _mine):
        """From anywhere, as far as it goes."""
        taken, before = [], None
        while len(taken) < self.requests:
            if before is None or len(taken) % PAGES_ON == 0:
                before = self.report_id(reader.chance.randrange(self.filled.reports))
            answer, seconds = await reader.get(f"/api/v1/reports?before={before}")
            taken.append(seconds)
            before = answer.json()["next"]
        return taken

    async def one_report(self, reader, mine):
        """One of those that this reader may see, another each time as far as there are."""
        numbers = reader.chance.choices(mine, k=self.requests)
        return [(await reader.get(f"/api/v1/reports/{self.report_id(number)}"))[1] for number in numbers]


class Asker(typing.NamedTuple):
    """A kind of people who ask, one for each client: their secrets, and which reports they may read."""

    title: str
    questions: dict
    people: list


def cast(filled, questions):
    """Who asks what; who uploads, as secrets; and what the database must know of them."""
    every = {"first page": questions.first_page, "later pages": questions.later_pages, "a report": questions.one_report}
    readers = {}
    handed_in = [number for number in range(filled.reports) if filled.is_handed_in(number)]

    def reviewers(title, branch):
        people = []
        for client in range(CLIENTS):
            secret, _ = new_token()
            readers[f"{title}-{client}".replace(" ", "-")] = ("reviewer", branch(client), secret)
            mine = [n for n in handed_in if filled.branch_of(filled.author(n)).startswith(branch(client))]
            people.append((secret, mine))
        return Asker(title, every, people)

    def activist(number):
        secret, _ = new_token()
        readers[f"activist-{number}"] = secret
        return secret

    askers = [reviewers("reviewer of a branch", lambda client: fill.leaf(client, 0)),
              reviewers("reviewer of a college", fill.college),
              reviewers("reviewer of everything", lambda _: "/")]
    own = [(activist(client), range(client, filled.reports, filled.people)) for client in range(CLIENTS)]
    # Their few reports are one page.
    askers.append(Asker("activist", {name: every[name] for name in ("first page", "a report")}, own))
    uploaders = [activist(number) for number in range(CLIENTS, CLIENTS + UPLOADS)]
    return readers, askers, uploaders


def upload_on_and_on(address, tokens, bytes_per_second, sent):
    """A process that uploads one video after the other for each of these people, at this rate each."""

    async def upload(token):
        report = await new_report(address, token)
        video = MP4 + random.randbytes(UPLOAD_MIB * MIB - len(MP4))
        connection, start, done = await Connection.open(address), time.monotonic(), 0

        async def pause(size):
            nonlocal done
            done += size
            with sent.get_lock():
                sent.value += size
            await asyncio.sleep(max(0, start + done / bytes_per_second - time.monotonic()))

        while True:
            await Tus(address, token).send_whole(connection, report, video, pause)

    async def all_of_them():
        await asyncio.gather(*map(upload, tokens))

    asyncio.run(all_of_them())


@contextlib.contextmanager
def uploads(address, tokens, mib_per_second):
    """Eight uploads beside what is measured. Yields what tells how many bytes were sent."""
    sent = multiprocessing.Value("q", 0)
    arguments = address, tokens, mib_per_second * MIB, sent
    process = multiprocessing.Process(target=upload_on_and_on, args=arguments, daemon=True)
    if mib_per_second:
        process.start()
    try:
        while mib_per_second and process.is_alive() and sent.value < UPLOADS * MIB:
            time.sleep(0.1)
        yield sent
        if mib_per_second and not process.is_alive():
            sys.exit("the uploads broke off")
    finally:
        if mib_per_second:
            process.kill()
            process.join()


def ask(address, asker, question):
    """All clients at once; how long each answer took, in order."""
    async def everybody():
        return await asyncio.gather(*(
            question(Reader(address, secret, random.Random(client)), mine)
            for client, (secret, mine) in enumerate(asker.people)))
    return sorted(seconds for taken in asyncio.run(everybody()) for seconds in taken)


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


@contextlib.contextmanager
def database(folder):
    """Settings of a database for this run alone, and what fills it."""
    server = os.environ.get("BENCH_POSTGRES")
    if not server:
        yield {}, lambda tables: fill.into_sqlite(folder / "data" / "huibao.db", tables)
        return
    name = f"bench_lists_{os.getpid()}"
    url = urllib.parse.urlsplit(server)._replace(path=f"/{name}").geturl()
    subprocess.run(fill.psql(server, "-c", f"CREATE DATABASE {name}"), check=True)
    try:
        yield {"HUIBAO_DATABASE_URL": url}, lambda tables: fill.into_postgres(url, tables)
    finally:
        subprocess.run(fill.psql(server, "-c", f"DROP DATABASE {name} WITH (FORCE)"), check=True)


def main(huibao, folder, requests, reports, mib_per_second):
    folder = pathlib.Path(folder)
    filled = fill.Filled(max(reports // 10, 2 * CLIENTS), reports)
    readers, askers, uploaders = cast(filled, Questions(filled, requests))
    with database(folder) as (settings, into):
        # The first start makes the schema.
        with huibao_up(huibao, folder / "data", **settings):
            pass
        start = time.monotonic()
        into(filled.tables(readers))
        print(f"filled in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        with huibao_up(huibao, folder / "data", **settings) as server:
            measure(server, askers, uploaders, requests, mib_per_second, filled)


def measure(server, askers, uploaders, requests, mib_per_second, filled):
    kind = "PostgreSQL" if os.environ.get("BENCH_POSTGRES") else "SQLite"
    print(f"{filled.reports} reports of {filled.people} people, {kind}; {CLIENTS} clients at once, {requests} requests "
          f"each, beside {UPLOADS} uploads of {mib_per_second} MiB/s")
    print(f"{'ms':<38}    p50    p95    p99  requests/s")
    with uploads(server.address, uploaders, mib_per_second) as sent:
        begin, sent_before = time.monotonic(), sent.value
        for asker in askers:
            for title, question in asker.questions.items():
                start = time.monotonic()
                taken = ask(server.address, asker, question)
                rate = len(taken) / (time.monotonic() - start)
                figures = "".join(f"{percentile(taken, share):7.1f}" for share in (0.5, 0.95, 0.99))
                print(f"{asker.title + ', ' + title:<38}{figures}  {rate:10.0f}", flush=True)
        seconds = time.monotonic() - begin
        uploaded = (sent.value - sent_before) / MIB / seconds
        print(f"uploaded meanwhile: {uploaded:.1f} MiB/s of {UPLOADS * mib_per_second}; "
              f"resident memory of huibao up at the most: {server.memory('VmHWM'):.0f} MiB")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
