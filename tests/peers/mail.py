"""aiosmtpd as mail server for our e-mail channel.

`mail.py none|starttls|tls FOLDER` prints `PORT n` when it listens, and each mail that
arrives as a line of JSON, decoded by Python's `email`. With TLS it makes itself a
certificate for localhost in the folder, and one more of a stranger. Ends when its input
ends.
"""

import asyncio
import email
import email.policy
import json
import ssl
import subprocess
import sys

from aiosmtpd.smtp import SMTP


class Mailbox:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        seen = {
            "subject": mail["Subject"],
            "body": mail.get_content().replace("\r\n", "\n"),
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("sslcontext") is not None,
        }
        print(json.dumps(seen), flush=True)
        return "250 taken"


def certificate(folder, name):
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    files = ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
    own = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", names]
    wanted = ["openssl", *words.split(), *own, *files]
    subprocess.run(wanted, check=True, capture_output=True)


async def main():
    mode, folder = sys.argv[1:]
    context = None
    if mode != "none":
        certificate(folder, "certificate")
        certificate(folder, "other")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/certificate.key")
    starttls = {"tls_context": context, "require_starttls": True} if mode == "starttls" else {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Mailbox(), hostname="localhost", loop=loop, **starttls),
        "localhost",
        0,
        ssl=context if mode == "tls" else None,
        family=2,
    )
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
