#!/usr/bin/python3
"""A web server as strict as a camera, and as careless as some that should not be trusted.

It checks Digest by itself (MD5 and SHA-256, with rising counters), says of every request on which
connection it came and whether its login was wrong, and echoes what it was sent where it is asked to.

Standard output: `ready PORT` once it listens, then for each request one line of JSON with
`connection`, `method`, `path`, `login` (the scheme that was sent, or null), `wrong` (whether it was
a login that is wrong) and `status`.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--user", default="agave")
    parser.add_argument("--nonce-uses", type=int, default=1000, help="then a nonce is stale")
    parser.add_argument(
        "--forgets",
        action="store_true",
        help="an old nonce is unknown, without the word `stale`, as after a restart",
    )
    parser.add_argument(
        "--refuse-after", type=float, default=0, help="seconds until a wrong login is answered"
    )
    return parser.parse_args()


class Device(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options: argparse.Namespace, password: str, token: str):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.options = options
        self.password = password
        self.token = token
        self.lock = threading.Lock()
        self.connections = 0
        # By algorithm and nonce: how often it was used.
        self.nonces: dict[tuple[str, str], int] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1
            self.number = self.server.connections

    def answer(self) -> None:
        parts = urlsplit(self.path)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.wrong = False
        self.withholds = False
        page = getattr(self, parts.path.strip("/").split("/")[0].replace("-", "_") + "_page", None)
        if page is None:
            self.send(404, b"")
        else:
            page(options)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        login = self.headers.get("Authorization")
        line = {
            "connection": self.number,
            "method": self.command,
            "path": self.path,
            "login": login.split(" ")[0] if login else None,
            "wrong": self.wrong,
            "status": status,
        }
        # Before the answer, so that whoever has the answer finds the line.
        with self.server.lock:
            print(json.dumps(line), flush=True)
        if self.wrong:
            time.sleep(self.server.options.refuse_after)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.withholds:
            # Until the other side has had enough.
            self.rfile.read(1)
            self.close_connection = True
            return
        self.wfile.write(body)

    # What needs no login.

    def ok_page(self, options: dict) -> None:
        self.send(200, b"fine")

    def echo_page(self, options: dict) -> None:
        """Gives back everything that it was sent, in every form there is."""
        everything = {
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers.items()),
            "body": self.body.decode("utf-8", "replace"),
        }
        login = self.headers.get("Authorization", "")
        said = f"{self.server.options.user}:{self.server.password} {self.server.password}"
        forms = [said, quote(said, safe=""), json.dumps(said), self.server.token, login]
        forms.append(base64.b64encode(said.split(" ")[0].encode()).decode())
        for hashed in HASHES.values():
            proof = f"{self.server.options.user}:cameras:{self.server.password}"
            forms.append(hashed(proof.encode()).hexdigest())
        body = json.dumps({**everything, "forms": forms}, indent=1)
        status = int(options.get("status", 200))
        self.send(status, body.encode(), {"X-Echo": login, "X-Password": self.server.password})

    def redirect_page(self, options: dict) -> None:
        target = options["to"]
        if "leak" in options:
            target += ("&" if "?" in target else "?") + "was=" + quote(self.server.password)
        self.send(int(options.get("status", 302)), b"elsewhere", {"Location": target})

    def circle_page(self, options: dict) -> None:
        self.send(302, b"", {"Location": "/circle"})

    def bytes_page(self, options: dict) -> None:
        self.send(200, b"x" * int(options["count"]))

    def endless_page(self, options: dict) -> None:
        """Does not say how much there will be, and does not stop."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            while True:
                self.wfile.write(chunk)
        except OSError:
            self.close_connection = True

    def slow_page(self, options: dict) -> None:
        time.sleep(float(options["seconds"]))
        self.send(200, b"at last")

    # What does.

    def basic_page(self, options: dict) -> None:
        said = f"{self.server.options.user}:{self.server.password}"
        right = "Basic " + base64.b64encode(said.encode()).decode()
        self.behind(right, 'Basic realm="cameras"', int(options.get("refuse", 401)))

    def bearer_page(self, options: dict) -> None:
        self.behind("Bearer " + self.server.token, 'Bearer realm="cameras"')

    def behind(self, right: str, challenge: str, refuse: int = 401) -> None:
        said = self.headers.get("Authorization")
        if said == right:
            self.send(200, b"logged in")
        else:
            self.wrong = said is not None
            self.send(refuse, b"no", {"WWW-Authenticate": challenge})

    def digest_page(self, options: dict) -> None:
        algorithm = options.get("algorithm", "MD5")
        said = self.headers.get("Authorization", "")
        # Without this word it is no digest, and a right one for another page is not one for this.
        fields = dict(re.findall(r'(\w+)=(?:"([^"]*)"|[^,\s]+)', said))
        plain = dict(re.findall(r"(\w+)=([^\",\s]+)", said))
        fields = {name: value or plain.get(name, "") for name, value in fields.items()}
        if not said.startswith("Digest "):
            return self.ask(algorithm, stale=False)
        with self.server.lock:
            nonce = (algorithm, fields["nonce"])
            used = self.server.nonces.get(nonce)
            rises = used is not None and int(fields["nc"], 16) == used + 1
            if rises:
                self.server.nonces[nonce] = used + 1
        if used is None or not rises or used >= self.server.options.nonce_uses:
            return self.ask(algorithm, stale=not self.server.options.forgets)
        if fields["uri"] != self.path or fields.get("algorithm", "MD5") != algorithm:
            self.wrong = True
            return self.send(400, b"another page")
        if fields["response"] != self.response(algorithm, fields):
            self.wrong = True
            return self.ask(algorithm, stale=False)
        return self.send(200, b"logged in")

    def silent_page(self, options: dict) -> None:
        """Asks for a login, and then does not say all that it has announced."""
        if self.headers.get("Authorization"):
            return self.digest_page(options)
        self.withholds = True
        return self.ask("MD5", stale=False)

    def ask(self, algorithm: str, stale: bool) -> None:
        nonce = secrets.token_hex(16)
        with self.server.lock:
            self.server.nonces[(algorithm, nonce)] = 0
        challenge = f'Digest realm="cameras", qop="auth", algorithm={algorithm}, nonce="{nonce}"'
        if stale:
            challenge += ", stale=true"
        self.send(401, b"who is there?", {"WWW-Authenticate": challenge})

    def response(self, algorithm: str, fields: dict) -> str:
        hashed = lambda text: HASHES[algorithm](text.encode()).hexdigest()  # noqa: E731
        first = hashed(f"{fields['username']}:cameras:{self.server.password}")
        second = hashed(f"{self.command}:{fields['uri']}")
        middle = [fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"]]
        return hashed(":".join([first, *middle, second]))

    def log_message(self, *_) -> None:
        """Standard output belongs to the test, and it has everything."""


if __name__ == "__main__":
    given = arguments()
    # Not on the command line, where everybody would see them.
    device = Device(given, os.environ["DEVICE_PASSWORD"], os.environ["DEVICE_TOKEN"])
    print(f"ready {device.server_address[1]}", flush=True)
    device.serve_forever()
