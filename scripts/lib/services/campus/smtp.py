"""A mail server for tests: smtp.py PORT FOLDER. Keeps each mail as a file; wants a user and a password.

What is sent to busy@… is answered with 451, what is sent to refused@… with 550.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

port, folder = int(sys.argv[1]), Path(sys.argv[2])
password = (folder / "password").read_bytes()
mails = folder / "mail"
numbers = itertools.count(1)


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"huibao", password)
    return AuthResult(success=right, handled=False)


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, options):
        user = address.partition("@")[0]
        if user == "busy":
            return "451 Come back later"
        if user == "refused":
            return "550 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        number = next(numbers)
        head = f"X-Envelope-From: {envelope.mail_from}\r\n"
        head += "".join(f"X-Envelope-To: {to}\r\n" for to in envelope.rcpt_tos)
        path = mails / f"{number:04}.part"
        path.write_bytes(head.encode() + envelope.content)
        # Whoever waits for it finds all of it.
        path.rename(path.with_suffix(".eml"))
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()

    def protocol():
        return SMTP(
            Keeper(),
            authenticator=authenticate,
            auth_required=True,
            auth_require_tls=False,
            enable_SMTPUTF8=True,
        )

    server = await loop.create_server(protocol, "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main())
