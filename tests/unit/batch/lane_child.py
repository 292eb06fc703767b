"""A lane for tests: starts in milliseconds, does what it is told. Imports nothing of the project."""

import os
import pickle
import signal
import struct
import sys
import time


def receive(stream):
    head = stream.read(8)
    if len(head) < 8:
        os._exit(0)
    return pickle.loads(stream.read(*struct.unpack(">Q", head)))


def main():
    answers = os.fdopen(os.dup(1), "wb")
    done = 0
    while True:
        request = receive(sys.stdin.buffer)
        what, value = request if isinstance(request, tuple) else (request, None)
        done += 1
        if what == "kill":
            os.kill(os.getpid(), value or signal.SIGKILL)
            time.sleep(60)
        elif what == "exit":
            os._exit(value)
        elif what == "hang":
            time.sleep(600)
        elif what == "bloat":
            held = bytearray(value * 1_000_000)
            held[::4096] = b"x" * len(held[::4096])
            time.sleep(600)
        elif what == "sleep":
            time.sleep(value)
        elif what == "shout":
            os.write(2, b"what was said" * 100_000)
        answer = {"pid": os.getpid(), "done": done, "got": value}
        content = pickle.dumps(answer)
        answers.write(struct.pack(">Q", len(content)) + content)
        answers.flush()


main()
