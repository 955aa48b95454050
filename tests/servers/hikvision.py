#!/usr/bin/python3
"""A Hikvision device with alarm outputs and soft inputs, and a receiver of what devices push.

It logs in with Digest as devices do: a nonce can be used so many times, then it is refused with
`stale`; wrong passwords lock the account. It takes so many connections at a time and answers 403 on
the others. What it is sent it reads strictly.

Standard output: `ready PORT` once it listens, then for each request one line of JSON with
`connection`, `method`, `path`, `login` (whether one was sent), `wrong` (whether it was wrong),
`stale` (whether its nonce was refused), `status`, and where it did something `did`; of a push also
`key`, its idempotency key, and `digest`, which stands for its content.
"""

import argparse
import hashlib
import json
import os
import random
import re
import secrets
import socket
import threading
import time
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAMESPACE = "http://www.hikvision.com/ver20/XMLSchema"
REALM = "IP Camera(E1518)"
OUTPUTS = [1, 2, 101]
CODES = {1: "OK", 2: "Device Busy", 3: "Device Error", 4: "Invalid Operation", 6: "Invalid XML Content"}
MOST_BODY_BYTES = 4 << 20
# What goes wrong, and how often beside the others.
TROUBLES = {"stale": 40, "error": 30, "close": 24, "busy": 4, "full": 2}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--nonce-uses", type=int, default=1000, help="then a nonce is stale")
    parser.add_argument("--sockets", type=int, default=1000, help="so many connections at a time")
    parser.add_argument("--lock-after", type=int, default=7, help="so many wrong passwords")
    parser.add_argument("--anyone", action="store_true", help="takes pushes without a login")
    parser.add_argument("--fails", type=int, default=0, help="so many pushes are answered 503 first")
    parser.add_argument("--busy", type=int, default=0, help="so often it is busy, after the first time")
    parser.add_argument(
        "--trouble",
        type=float,
        default=0.0,
        help="how many of the requests, from 0 to 1, get a refused nonce, an error, no answer, or "
        "hear that it is busy or has no more connections",
    )
    parser.add_argument("--seed", type=int, default=0, help="of which those are")
    return parser.parse_args()


class Device(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options: argparse.Namespace, password: str):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.options = options
        self.password = password
        self.lock = threading.RLock()
        self.connections = 0
        self.open = 0
        self.triggers = 0
        self.fails = options.fails
        self.wrong = 0
        self.chance = random.Random(options.seed)
        # How often each nonce was used.
        self.nonces: dict[str, int] = {}
        self.outputs = dict.fromkeys(OUTPUTS, "inactive")
        self.hosts: list[dict[str, str]] = []

    def handle_error(self, *_) -> None:
        """A client that hangs up is no news."""


class Refused(Exception):
    """A request that is answered with a status of the device."""

    def __init__(self, http: int, code: int, sub: str):
        super().__init__(sub)
        self.http, self.code, self.sub = http, code, sub


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1
            self.server.open += 1
            self.number = self.server.connections
            self.is_one_too_many = self.server.open > self.server.options.sockets

    def finish(self) -> None:
        super().finish()
        with self.server.lock:
            self.server.open -= 1

    def answer(self) -> None:
        self.seen = {"login": False, "wrong": False, "stale": False, "did": None}
        self.is_cut = False
        length = int(self.headers.get("Content-Length", 0))
        if length > MOST_BODY_BYTES:
            self.close_connection = True
            return self.say(413, 6, "tooLarge")
        self.body = self.rfile.read(length)
        try:
            if self.is_one_too_many:
                self.close_connection = True
                raise Refused(403, 4, "maxSessionUserLink")
            self.trouble()
            if self.is_cut:
                return
            if self.server.options.anyone and self.path == "/alarm":
                self.alarm()
            elif self.is_logged_in():
                self.page()
        except Refused as refused:
            self.say(refused.http, refused.code, refused.sub)

    def trouble(self) -> None:
        with self.server.lock:
            chance = self.server.chance
            if chance.random() >= self.server.options.trouble:
                return
            trouble = chance.choices(list(TROUBLES), list(TROUBLES.values()))[0]
            if trouble == "stale":
                self.server.nonces.clear()
        if trouble == "error":
            raise Refused(500, 3, "deviceError")
        if trouble == "busy":
            raise Refused(503, 2, "deviceBusy")
        if trouble in ("close", "full"):
            self.close_connection = True
        if trouble == "full":
            raise Refused(403, 4, "maxSessionUserLink")
        if trouble == "close":
            self.is_cut = True
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

    def page(self) -> None:
        path = self.path.removeprefix("/ISAPI")
        output = re.fullmatch(r"/System/IO/outputs/(\d+)/(status|trigger)", path)
        if output:
            return self.output(int(output[1]), output[2])
        if path == "/System/IO/softInputs/trigger?format=json" and self.command == "PUT":
            return self.soft_input()
        if path == "/Event/notification/httpHosts":
            return self.http_hosts()
        if self.path == "/alarm" and self.command == "POST":
            return self.alarm()
        raise Refused(404, 4, "notSupport")

    def output(self, number: int, what: str) -> None:
        if number not in self.server.outputs:
            raise Refused(400, 4, "badParameters")
        if (what, self.command) == ("status", "GET"):
            state = self.server.outputs[number]
            kinds = f"<ioPortID>{number}</ioPortID><ioPortType>output</ioPortType>"
            return self.send(
                200, f"<IOPortStatus {self.xmlns()}>{kinds}<ioState>{state}</ioState></IOPortStatus>"
            )
        if (what, self.command) != ("trigger", "PUT"):
            raise Refused(405, 4, "methodNotAllowed")
        with self.server.lock:
            self.server.triggers += 1
            if 1 < self.server.triggers <= 1 + self.server.options.busy:
                raise Refused(503, 2, "deviceBusy")
            state = self.xml("IOPortData").get("outputState")
            if state not in ("high", "low"):
                raise Refused(400, 6, "badXmlContent")
            self.server.outputs[number] = "active" if state == "high" else "inactive"
        self.seen["did"] = f"output {number} {state}"
        self.say(200, 1, "ok")

    def soft_input(self) -> None:
        try:
            inputs = json.loads(self.body)["SoftIO"]
            done = [f"input {one['id']} {one['triggerType']}" for one in inputs]
        except (ValueError, KeyError, TypeError):
            raise Refused(400, 6, "badJsonContent") from None
        if any(not word.endswith((" start", " stop")) for word in done):
            raise Refused(400, 6, "badJsonContent")
        self.seen["did"] = ", ".join(done)
        answer = {"requestURL": self.path, "statusCode": 1, "statusString": "OK"}
        self.send(200, json.dumps(answer, indent="\t"), "application/json")

    def http_hosts(self) -> None:
        if self.command == "PUT":
            root = self.root("HttpHostNotificationList")
            hosts = [{local(part): part.text or "" for part in host} for host in root]
            if any("id" not in host or "url" not in host for host in hosts):
                raise Refused(400, 6, "badXmlContent")
            self.server.hosts = hosts
            self.seen["did"] = f"{len(hosts)} hosts"
            return self.say(200, 1, "ok")
        hosts = "".join(
            "<HttpHostNotification>"
            + "".join(f"<{name}>{text}</{name}>" for name, text in host.items())
            + "</HttpHostNotification>"
            for host in self.server.hosts
        )
        self.send(200, f"<HttpHostNotificationList {self.xmlns()}>{hosts}</HttpHostNotificationList>")

    def alarm(self) -> None:
        """What devices push: parts with their lengths, the first of them an event."""
        with self.server.lock:
            if self.server.fails > 0:
                self.server.fails -= 1
                raise Refused(503, 2, "deviceBusy")
        self.seen["key"] = self.headers.get("Idempotency-Key")
        self.seen["digest"] = hashlib.sha256(self.body).hexdigest()
        kind = self.headers.get("Content-Type", "")
        if kind != "multipart/form-data; boundary=boundary":
            raise Refused(415, 6, "badContentType")
        parts = self.body.split(b"--boundary")
        if parts[0] != b"" or parts[-1] != b"--\r\n":
            raise Refused(400, 6, "badMultipart")
        names = []
        for part in parts[1:-1]:
            head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            headers = dict(re.findall(r"([\w-]+): ([^\r\n]*)", head.decode()))
            length = int(headers["Content-Length"])
            if body[length:] not in (b"", b"\r\n"):
                raise Refused(400, 6, "badLength")
            names.append(re.search(r'name="(\w+)"', headers["Content-Disposition"])[1])
            if headers["Content-Type"] == "image/jpeg":
                if not body.startswith(b"\xff\xd8"):
                    raise Refused(400, 6, "badPicture")
            else:
                self.body = body[:length]
                event = self.xml("EventNotificationAlert")
        required = ["dateTime", "activePostCount", "eventType", "eventState", "eventDescription"]
        if any(name not in event for name in required) or names[0] != event["eventType"]:
            raise Refused(400, 6, "badXmlContent")
        words = [event["channelID"], event["eventType"], event["eventState"], *names[1:]]
        self.seen["did"] = "alarm " + " ".join(words)
        self.say(200, 1, "ok")

    # What it reads.

    def root(self, name: str) -> ElementTree.Element:
        try:
            root = ElementTree.fromstring(self.body)
        except ElementTree.ParseError:
            raise Refused(400, 6, "badXmlFormat") from None
        if local(root) != name:
            raise Refused(400, 6, "badXmlContent")
        return root

    def xml(self, name: str) -> dict[str, str]:
        return {local(part): (part.text or "").strip() for part in self.root(name)}

    # Who may come in.

    def is_logged_in(self) -> bool:
        said = self.headers.get("Authorization", "")
        self.seen["login"] = bool(said)
        with self.server.lock:
            if self.server.wrong >= self.server.options.lock_after:
                self.seen["wrong"] = bool(said)
                self.ask(stale=False)
                return False
            if not said.startswith("Digest "):
                self.ask(stale=False)
                return False
            quoted = dict(re.findall(r'(\w+)="([^"]*)"', said))
            fields = {**dict(re.findall(r'(\w+)=([^",\s]+)', said)), **quoted}
            used = self.server.nonces.get(fields.get("nonce"))
            count = int(fields.get("nc", "0"), 16)
            if used is None or count <= used or count > self.server.options.nonce_uses:
                self.seen["stale"] = True
                self.ask(stale=True)
                return False
            if fields["uri"] != self.path or fields["response"] != self.response(fields):
                self.server.wrong += 1
                self.seen["wrong"] = True
                self.ask(stale=False)
                return False
            self.server.nonces[fields["nonce"]] = count
            self.server.wrong = 0
        return True

    def response(self, fields: dict[str, str]) -> str:
        hashed = lambda text: hashlib.md5(text.encode()).hexdigest()  # noqa: E731
        who = hashed(f"admin:{REALM}:{self.server.password}")
        what = hashed(f"{self.command}:{fields['uri']}")
        middle = [fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"]]
        return hashed(":".join([who, *middle, what]))

    def ask(self, stale: bool) -> None:
        nonce = secrets.token_hex(16)
        self.server.nonces[nonce] = 0
        word = "TRUE" if stale else "FALSE"
        challenge = f'Digest qop="auth", realm="{REALM}", nonce="{nonce}", stale="{word}"'
        self.say(401, 4, "unauthorized", {"WWW-Authenticate": challenge})

    # What it says.

    def xmlns(self) -> str:
        return f'version="2.0" xmlns="{NAMESPACE}"'

    def say(self, http: int, code: int, sub: str, headers: dict[str, str] | None = None) -> None:
        # A bare `&` in it, as some firmware writes it.
        self.send(
            http,
            f"<ResponseStatus {self.xmlns()}>\r\n<requestURL>{self.path}</requestURL>\r\n"
            f"<statusCode>{code}</statusCode>\r\n<statusString>{CODES[code]}</statusString>\r\n"
            f"<subStatusCode>{sub}</subStatusCode>\r\n</ResponseStatus>\r\n",
            headers=headers,
        )

    def send(
        self,
        status: int,
        body: str,
        kind: str = 'application/xml; charset="UTF-8"',
        headers: dict[str, str] | None = None,
    ) -> None:
        line = {
            "connection": self.number,
            "at": time.time(),
            "method": self.command,
            "path": self.path,
            **self.seen,
            "status": status,
        }
        # Before the answer, so that whoever has the answer finds the line.
        with self.server.lock:
            print(json.dumps(line), flush=True)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_) -> None:
        """Standard output belongs to the test, and it has everything."""


def local(element: ElementTree.Element) -> str:
    """Its name, whatever its namespace."""
    return element.tag.rpartition("}")[2]


if __name__ == "__main__":
    given = arguments()
    # Not on the command line, where everybody would see it.
    device = Device(given, os.environ["DEVICE_PASSWORD"])
    print(f"ready {device.server_address[1]}", flush=True)
    device.serve_forever()
