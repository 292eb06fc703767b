"""The other side of a webhook: takes, refuses or drops what is sent, as it is told, and keeps it."""

import base64
import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, yes").decode()


class Receiver:
    """What was received: headers and bodies; ``answers`` are statuses, one after the other, then 204."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/hook"
        self.requests = []
        self.answers = []

    @property
    def events(self):
        return [json.loads(body) for _, body in self.requests]

    def signed(self):
        """Whether all that came was signed with our secret, by the rules of Standard Webhooks."""
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        for headers, body in self.requests:
            content = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
            digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
            if not hmac.compare_digest(f"v1,{digest}", headers["webhook-signature"]):
                return False
        return bool(self.requests)


@contextmanager
def receiving():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append((dict(self.headers.items()), body))
            answer = receiver.answers.pop(0) if receiver.answers else 204
            if answer == "drop":
                self.connection.close()
                return
            self.send_response(answer)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
