#!/usr/bin/python3
"""A web server that takes what the webhook posts, or does not, and says what it got.

Standard output: `ready PORT` once it listens, then for each request one line of JSON with `path`,
`headers` (names in lower case), `body` and `answer`. A form is a list of its parts as its body: of
each `name`, `content_type`, and `json`, or `base64` of what is no JSON.
"""

import argparse
import base64
import email.policy
import json
import random
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--answers",
        nargs="+",
        default=["200"],
        help="a status for each request in turn, the last one for all that follow; "
        "`close` closes the connection without an answer, `307=URL` sends elsewhere",
    )
    parser.add_argument(
        "--trouble",
        type=float,
        default=0.0,
        help="how many of the requests, from 0 to 1, get 503, 429 or no answer instead",
    )
    parser.add_argument("--seed", type=int, default=0, help="of which those are")
    return parser.parse_args()


class Receiver(ThreadingHTTPServer):
    """The server, with the answers that it has still to give."""

    daemon_threads = True

    def __init__(self, options: argparse.Namespace):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.answers = options.answers
        self.trouble = options.trouble
        self.chance = random.Random(options.seed)
        self.lock = threading.Lock()

    def handle_error(self, *_) -> None:
        """A client that hangs up is no news."""

    def take(self, request: dict) -> str:
        """Chooses the answer and prints the request, both in the order of arrival."""
        with self.lock:
            if self.chance.random() < self.trouble:
                answer = self.chance.choice(["503", "429", "close"])
            else:
                answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
            print(json.dumps({**request, "answer": answer}), flush=True)
            return answer


def parts_of(content_type: str, body: bytes) -> list[dict]:
    """The parts of a `multipart/form-data` body, as Python reads mail."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    return [part_of(part) for part in form.iter_parts()]


def part_of(part: email.message.EmailMessage) -> dict:
    content = part.get_payload(decode=True)
    kind = part.get_content_type()
    said = (
        {"json": json.loads(content)}
        if kind == "application/json"
        else {"base64": base64.b64encode(content).decode()}
    )
    name = part.get_param("name", header="content-disposition")
    return {"name": name, "content_type": kind, **said}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # noqa: N802: the name is the standard library's
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        answer = self.server.take(
            {
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": parts_of(kind, body) if kind.startswith("multipart/") else json.loads(body),
            }
        )
        if answer == "close":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, _, location = answer.partition("=")
        self.send_response(int(status))
        if location:
            self.send_header("Location", location)
        if status == "429":
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        """Standard output belongs to the test, and it has everything."""


if __name__ == "__main__":
    options = arguments()
    receiver = Receiver(options)
    print(f"ready {receiver.server_address[1]}", flush=True)
    receiver.serve_forever()
