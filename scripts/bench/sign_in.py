"""What sign-ins cost that are refused because too many have failed, and what those cost that succeed:
sign_in.py HUIBAO FOLDER. Standard library only.
"""

import http.client
import json
import pathlib
import subprocess
import sys
import time

from server import environment, huibao_up

PASSWORD = "a password for measuring"
REFUSED_A_SECOND = 50
SECONDS = 10
SUCCEEDED = 60


def sign_in(address, password):
    connection = http.client.HTTPConnection(*address)
    body = json.dumps({"name": "li", "password": password})
    connection.request("POST", "/api/v1/session", body, {"content-type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


def main(huibao, folder):
    data = folder / "data"
    add = [huibao, "user", "add", "li", "--role", "activist", "--password-stdin", "--data-dir", data]
    subprocess.run(add, input=PASSWORD, text=True, check=True, env=environment(), stdout=subprocess.DEVNULL)
    with huibao_up(huibao, data) as server:
        before, start = server.cpu_seconds(), time.monotonic()
        for _ in range(SUCCEEDED):
            assert sign_in(server.address, PASSWORD) == 200
        spent = (server.cpu_seconds() - before) / SUCCEEDED
        print(f"a sign-in that succeeds: {spent * 1000:.1f} ms of a core, "
              f"{(time.monotonic() - start) / SUCCEEDED * 1000:.1f} ms one after the other")
        while sign_in(server.address, "wrong") != 429:
            pass
        # Blocked for longer than this takes.
        for _ in range(4):
            time.sleep(2.2)
            while sign_in(server.address, "wrong") != 429:
                pass
        before, start, blocked = server.cpu_seconds(), time.monotonic(), 0
        for number in range(REFUSED_A_SECOND * SECONDS):
            time.sleep(max(0, start + number / REFUSED_A_SECOND - time.monotonic()))
            blocked += sign_in(server.address, "wrong") == 429
        share = (server.cpu_seconds() - before) / (time.monotonic() - start)
        print(f"{REFUSED_A_SECOND} sign-ins a second, {blocked} of {REFUSED_A_SECOND * SECONDS} refused: "
              f"{share * 100:.1f} % of a core")


main(sys.argv[1], pathlib.Path(sys.argv[2]))
