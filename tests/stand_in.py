"""A stand-in for a language-model service, on loopback, in a thread."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StandIn:
    """Replies in turn with what it is given; the last reply is repeated.

    A reply is a text (the model's words), a status, raw bytes, or a number of seconds to keep silent.
    """

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []
        """The bodies it got."""
        self.headers = []
        self.released = threading.Event()

    def next(self):
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def turns(self):
        """What it was told of each call: question, speaker, before, turn."""
        return [json.loads(body["messages"][1]["content"]) for body in self.asked]


def says(yes, quote="", reason="理由"):
    """The model's words in the demanded form."""
    return json.dumps({"yes": yes, "quote": quote, "reason": reason}, ensure_ascii=False)


@contextmanager
def serving(stand_in):
    """The address of a running stand-in."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            stand_in.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            stand_in.headers.append(dict(self.headers))
            reply = stand_in.next()
            if isinstance(reply, float):
                stand_in.released.wait(reply)
                return
            status, content, headers = 200, b"", {}
            if isinstance(reply, int):
                status = reply
                headers = {"Location": "http://127.0.0.1:9/elsewhere"} if status == 307 else {}
            elif isinstance(reply, bytes):
                content = reply
            else:
                content = json.dumps({"choices": [{"message": {"content": reply}}]}).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        stand_in.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
