"""HTTP/1.1 and tus to the byte: what is sent can be cut off anywhere, and nothing is buffered on this side, so
that what was sent has left this process. Standard library only.
"""

import asyncio
import base64
import json
import time
import typing

CHUNK = 256 * 1024
PATIENCE_SECONDS = 60
AGAIN_SECONDS = 0.02


class Answer(typing.NamedTuple):
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Unexpected(Exception):
    """A server answered what it must not."""


class Connection:
    """A connection that is kept for one request after the other."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        # drain() then waits until all is with the kernel.
        writer.transport.set_write_buffer_limits(high=0)

    @classmethod
    async def open(cls, address):
        return cls(*await asyncio.open_connection(*address, limit=1 << 20))

    async def send_head(self, method, path, headers, length=None):
        fields = (f"{name}: {value}" for name, value in headers.items())
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *fields]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        self._writer.write("\r\n".join([*lines, "", ""]).encode("ascii"))
        await self._writer.drain()

    async def send(self, data, pause=None):
        """Sends bytes; `pause` is awaited with the size of each chunk."""
        view = memoryview(data)
        for start in range(0, len(view), CHUNK):
            self._writer.write(view[start:start + CHUNK])
            await self._writer.drain()
            if pause:
                await pause(len(view[start:start + CHUNK]))

    async def answer(self, has_body=True):
        status, headers = await self._read_head()
        length = int(headers.get("content-length", 0))
        body = await self._reader.readexactly(length) if has_body and length else b""
        return Answer(status, headers, body)

    async def _read_head(self):
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        fields = (line.split(":", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), {name.lower(): value.strip() for name, value in fields}

    async def ask(self, method, path, headers, body=None, pause=None):
        await self.send_head(method, path, headers, None if body is None else len(body))
        if body:
            await self.send(body, pause)
        return await self.answer(has_body=method != "HEAD")

    def cut(self):
        """Closes the socket, whatever is going on."""
        self._writer.transport.abort()


class Tus:
    """One upload to a draft, on behalf of its author."""

    def __init__(self, address, token):
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        self.place = None

    async def create(self, connection, report, length):
        metadata = {"report_id": report, "role": "video", "filename": "report.mp4"}
        encoded = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
        headers = {**self._headers, "Upload-Length": length, "Upload-Metadata": encoded}
        answer = expect(201, await connection.ask("POST", "/api/v1/uploads/", headers, b""))
        location = answer.headers["location"]
        self.place = location[location.index("/api/"):]

    async def offset(self, connection):
        answer = expect(200, await connection.ask("HEAD", self.place, self._headers))
        return int(answer.headers["upload-offset"])

    def _patch_headers(self, offset):
        return {**self._headers, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream"}

    async def append(self, connection, offset, data, pause=None):
        return await connection.ask("PATCH", self.place, self._patch_headers(offset), data, pause)

    async def send_whole(self, connection, report, data, pause=None):
        await self.create(connection, report, len(data))
        expect(204, await self.append(connection, 0, data, pause))

    async def resume(self, length, refused):
        """Asks how far the server is and begins to append there. Returns a connection on which the server waits
        for bytes (it said 100 Continue, which it does once it has made this the upload's writer), and the offset.
        `refused` counts answers on the way: that the writer before has not ended yet, or that what it still
        wrote has moved the offset."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            connection = await Connection.open(self._address)
            offset = await self.offset(connection)
            headers = {**self._patch_headers(offset), "Expect": "100-continue"}
            await connection.send_head("PATCH", self.place, headers, length - offset)
            answer = await connection.answer()
            if answer.status == 100:
                return connection, offset
            connection.cut()
            if answer.status not in (409, 423):
                expect(100, answer)
            refused[answer.status] += 1
            await asyncio.sleep(AGAIN_SECONDS)
        raise Unexpected(f"{self.place} could not be continued for {PATIENCE_SECONDS} s")


def expect(status, answer):
    if answer.status != status:
        raise Unexpected(f"{answer.status} instead of {status}: {answer.body.decode(errors='replace')}")
    return answer


async def new_report(address, token):
    """A draft of this author; its id."""
    connection = await Connection.open(address)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"title": "bench", "kind": "study", "period": "2026Q4"}).encode()
    answer = expect(201, await connection.ask("POST", "/api/v1/reports", headers, body))
    connection.cut()
    return answer.json()["id"]


MP4 = bytes.fromhex("000000186674797034320000000000006d70343269736f6d")
"""The box `ftyp`, which a phone's video begins with; what is plainly no video is refused."""


class Videos:
    """Files of one length, each with bytes of its own, which lie over each other in one block of memory."""

    STEP = 64

    def __init__(self, randomness, count, length):
        self._length = length
        self._block = bytearray(randomness.randbytes(length + self.STEP * count))
        for index in range(count):
            start = index * self.STEP
            self._block[start:start + len(MP4)] = MP4

    def __getitem__(self, index):
        """Begins as an MP4 does; what follows is random."""
        start = index * self.STEP
        return memoryview(self._block)[start:start + self._length]
