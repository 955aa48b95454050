#!/usr/bin/python3
"""A receiver of lines over TCP, as proprietary ones are: it answers each line with `OK NUMBER`.

Standard output: `ready PORT` once it listens, then for each line one line of JSON with `text` and
`answer`, which is empty where the connection was closed instead.
"""

import argparse
import json
import random
import socketserver
import threading


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--trouble",
        type=float,
        default=0.0,
        help="how many of the lines, from 0 to 1, get `NO` or a closed connection instead",
    )
    parser.add_argument("--seed", type=int, default=0, help="of which those are")
    return parser.parse_args()


class Receiver(socketserver.ThreadingTCPServer):
    """The server, with what it answers."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, options: argparse.Namespace):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.trouble = options.trouble
        self.chance = random.Random(options.seed)
        self.lock = threading.Lock()
        self.count = 0

    def handle_error(self, *_) -> None:
        """A client that hangs up is no news."""

    def take(self, text: str) -> str:
        """Chooses the answer and prints the line, both in the order of arrival."""
        with self.lock:
            if self.chance.random() < self.trouble:
                answer = self.chance.choice(["NO", ""])
            else:
                self.count += 1
                answer = f"OK {self.count}"
            print(json.dumps({"text": text, "answer": answer}), flush=True)
            return answer


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            if not line.endswith(b"\r\n"):
                return
            answer = self.server.take(line[:-2].decode())
            if not answer:
                return
            self.wfile.write(answer.encode() + b"\r\n")


if __name__ == "__main__":
    receiver = Receiver(arguments())
    print(f"ready {receiver.server_address[1]}", flush=True)
    receiver.serve_forever()
