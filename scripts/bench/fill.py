"""Fills a database of Huibao with people, branches, and reports that were handed in and processed, past the server.

Columns are named: a newer schema may have more, with defaults. Standard library only; PostgreSQL by `psql`.
"""

import contextlib
import datetime
import hashlib
import json
import random
import sqlite3
import subprocess

from server import uuid7

COLLEGES, BRANCHES = 10, 9
DAYS = 900
STAGES = {"ingest": ("highest", ""), "transcode": ("low", ",ingest,"), "transcribe": ("normal", ",ingest,"),
          "archive": ("high", ",transcode,transcribe,")}
STATES = {"accepted": 60, "submitted": 22, "in_review": 10, "returned": 4, "draft": 3, "withdrawn": 1}
KINDS = ("motive", "understanding", "study", "activity", "oath", "meeting", "other")
BAG = ("data/original.mp4", "data/rendition.mp4", "data/poster.jpg", "data/written.docx", "data/written.txt",
       "data/transcript.json", "data/transcript.vtt", "data/transcript.srt", "data/transcript.txt", "data/raw.json",
       "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")
SENTENCES = ("敬爱的党组织，现将本季度的思想和学习情况汇报如下。", "这段时间我认真学习了党的创新理论，有了新的体会。",
             "在社区志愿服务中，我看到了党员的责任和担当。", "我还存在学习不够深入、联系实际不够紧密的问题。",
             "今后我要更加严格要求自己，请党组织在实践中考验我。", "作为一名入党积极分子，我要在学习和工作中起带头作用。")
PERSON, TOKEN, REPORT, SUBMISSION, RAW, RECOGNITION, FILE, JOB = range(8)


class Filled:
    """What was written, as far as who asks has to know it. Numbers of people and reports tell all about them."""

    def __init__(self, people, reports):
        self.people, self.reports = people, reports
        self.begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=DAYS + 1)
        chance = random.Random(2)
        self.states = chance.choices(list(STATES), STATES.values(), k=reports)
        self._written = [json.dumps({"text": "\n".join(chance.choices(SENTENCES, k=40)), "no_text_layer": False},
                                    ensure_ascii=False) for _ in range(20)]
        self._transcripts = [tuple(json.dumps(transcript(chance, words), ensure_ascii=False) for words in (False, True))
                             for _ in range(20)]

    def time(self, number):
        return self.begin + datetime.timedelta(days=DAYS * number / self.reports)

    def id(self, table, number, of=None):
        """The id of a row; `of` is the number of the report that it belongs to."""
        moment = self.begin if of is None else self.time(of)
        return uuid7(int(moment.timestamp() * 1000), table, number)

    def author(self, report):
        """Each has as many reports as the others, spread over all the time."""
        return report % self.people

    def branch_of(self, person):
        number = person % (COLLEGES * BRANCHES)
        return leaf(number // BRANCHES, number % BRANCHES)

    def is_handed_in(self, report):
        return self.states[report] not in ("draft", "withdrawn")

    # Rows, table by table in an order that foreign keys allow.

    def tables(self, readers):
        """`readers` tells the secrets of tokens by name: of some of the activists, and, with role and branch, of people
        besides."""
        yield ("branches", ("path", "created_by", "created_at"),
               ((path, "system", text(self.begin)) for path in paths()))
        yield ("people", ("id", "name", "display_name", "created_by", "created_at"),
               ((person, name, name, "system", text(self.begin)) for person, name, *_ in self._everybody(readers)))
        yield ("grants", ("person_id", "role", "branch", "created_by", "created_at"),
               ((person, role, branch, "system", text(self.begin))
                for person, _, role, branch, _ in self._everybody(readers)))
        yield ("tokens", ("id", "person_id", "name", "secret_hash", "created_at"),
               ((self.id(TOKEN, number), person, "bench", digest, text(self.begin))
                for number, (person, *_, digest) in enumerate(self._everybody(readers)) if digest))
        yield ("reports", ("id", "title", "speaker", "state", "current_submission", "created_by", "created_at",
                           "author_id", "branch", "kind", "period"), self._reports())
        yield ("submissions", ("id", "report_id", "version", "language", "state", "media", "rendition", "written",
                               "current_transcript", "created_by", "created_at"), self._submissions())
        yield ("transcripts", ("id", "submission_id", "version", "origin", "author", "parent_id", "body",
                               "created_at"), self._transcript_rows())
        yield ("files", ("id", "submission_id", "kind", "key", "name", "size_bytes", "sha256"), self._files())
        yield ("jobs", ("id", "kind", "urgency", "submission_id", "needs", "state", "attempt", "token", "worker",
                        "not_before", "published", "progress", "started_at", "finished_at", "work_ms", "created_by",
                        "created_at"), self._jobs())

    def _everybody(self, readers):
        for number in range(self.people):
            name = f"activist-{number}"
            digest = hashlib.sha256(readers[name].encode()).digest() if name in readers else None
            yield self.id(PERSON, number), name, "activist", self.branch_of(number), digest
        others = ((name, reader) for name, reader in readers.items() if not isinstance(reader, str))
        for number, (name, (role, branch, secret)) in enumerate(others, self.people):
            yield self.id(PERSON, number), name, role, branch, hashlib.sha256(secret.encode()).digest()

    def _reports(self):
        for number in range(self.reports):
            author = self.author(number)
            submission = None if self.states[number] == "draft" else self.id(SUBMISSION, number, number)
            moment = self.time(number)
            yield (self.id(REPORT, number, number), f"{moment.year} 年第 {(moment.month + 2) // 3} 季度思想汇报",
                   f"activist-{author}", self.states[number], submission, actor(self.id(PERSON, author)), text(moment),
                   self.id(PERSON, author), self.branch_of(author), KINDS[number % len(KINDS)],
                   f"{moment.year}Q{(moment.month + 2) // 3}")

    def _handed_in(self):
        for number in range(self.reports):
            if self.states[number] != "draft":
                yield number, self.id(SUBMISSION, number, number)

    def _submissions(self):
        media = json.dumps({
            "duration_ms": 85_500, "container": "mov,mp4,m4a,3gp,3g2,mj2",
            "video": {"codec": "hevc", "width": 1280, "height": 720, "rotation_degrees": 90, "frame_rate": 30.0,
                      "pixel_format": "yuv420p"},
            "audio": {"codec": "aac", "sample_rate": 44_100, "channels": 1}})
        rendition = json.dumps({"width": 1280, "height": 720, "duration_ms": 85_500, "remuxed": False})
        for number, submission in self._handed_in():
            yield (submission, self.id(REPORT, number, number), 1, "zh", "ready", media, rendition,
                   self._written[number % len(self._written)], self.id(RECOGNITION, number, number),
                   actor(self.id(PERSON, self.author(number))), text(self.time(number)))

    def _transcript_rows(self):
        for number, submission in self._handed_in():
            raw, recognition = self.id(RAW, number, number), self.id(RECOGNITION, number, number)
            bodies = self._transcripts[number % len(self._transcripts)]
            moment = text(self.time(number))
            yield raw, submission, 1, "raw", "worker:bench", None, bodies[0], moment
            yield recognition, submission, 2, "recognition", "worker:bench", raw, bodies[1], moment

    def _files(self):
        sha256 = hashlib.sha256(b"").hexdigest()
        plain = {"original": "original.mp4", "written": "written.docx", "audio": "1-audio.wav",
                 "poster": "1-poster.jpg", "rendition": "1-rendition.mp4"}
        files = [*plain.items(), *(("bag", f"1-bag/{name}") for name in BAG)]
        for number, submission in self._handed_in():
            for i, (kind, name) in enumerate(files):
                key = f"submissions/{dashed(submission)}/{name}"
                yield (self.id(FILE, number * 32 + i, number), submission, kind, key,
                       name.removeprefix("1-bag/"), 12_000_000, sha256)

    def _jobs(self):
        for number, submission in self._handed_in():
            moment = text(self.time(number))
            for i, (stage, (urgency, needs)) in enumerate(STAGES.items()):
                yield (self.id(JOB, number * 4 + i, number), stage, urgency, submission, needs, "done", 1, 1, "bench",
                       moment, 1, 1.0, moment, moment, 4_000, "system", moment)


def college(number):
    return f"/大学/学院{number + 1}/"


def leaf(of_college, number):
    return f"{college(of_college)}支部{number + 1}/"


def paths():
    yield from ("/", "/大学/")
    for number in range(COLLEGES):
        yield college(number)
        yield from (leaf(number, branch) for branch in range(BRANCHES))


def transcript(chance, with_words):
    """85 s of speech. What the engine wrote has no words here, which keeps the database a little smaller."""
    segments = []
    for i in range(17):
        sentence, start = chance.choice(SENTENCES), i * 5000
        words = [{"start_ms": start + 400 * k, "end_ms": start + 400 * k + 380, "text": sentence[2 * k:2 * k + 2],
                  "confidence": 0.93} for k in range(len(sentence) // 2)]
        segments.append({"id": i + 1, "start_ms": start, "end_ms": start + 4900, "text": sentence,
                         "raw_text": sentence, "confidence": 0.9, **({"words": words} if with_words else {})})
    return {"language": "zh", "no_speech": False, "duration_ms": 85_500, "segments": segments,
            "speech": [{"start_ms": 0, "end_ms": 85_000}],
            "recognizer": {"engine": "bench", "model": "ggml-base-q8_0", "model_sha256": "0" * 64, "parameters": {}}}


def text(moment):
    return moment.isoformat(timespec="microseconds")


def dashed(identifier):
    digits = identifier.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def actor(person):
    return f"person:{dashed(person)}"


def into_sqlite(path, tables):
    """Neither journal nor syncs: a fill that breaks off is begun anew."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        for table, columns, rows in tables:
            places = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
        database.execute("COMMIT")


def into_postgres(url, tables):
    """COPY, and what autovacuum would do in a while."""
    for table, columns, rows in tables:
        command = psql(url, "-c", f"COPY {table} ({', '.join(columns)}) FROM STDIN", "-c", f"VACUUM ANALYZE {table}")
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, encoding="utf-8") as process:
            process.stdin.writelines("\t".join(map(copied, row)) + "\n" for row in rows)
        if process.returncode:
            raise SystemExit(f"psql could not fill {table}")


def psql(url, *arguments):
    return ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", url, *arguments]


def copied(value):
    """A value in PostgreSQL's text format: 16 bytes are an id, others bytes."""
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return dashed(value) if len(value) == 16 else rf"\\x{value.hex()}"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
