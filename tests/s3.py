"""A bucket of S3 for tests: a server of moto, over HTTP on a free port of this machine alone."""

from __future__ import annotations

import os
from itertools import count

import pytest

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "a secret that no error may tell",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def s3():
    """What the environment of whoever uses the server must hold."""
    for package in ("moto", "flask", "s3fs"):
        pytest.importorskip(package, reason=f"{package} is not installed (pip install 'tinghe[dev,s3]')")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {**ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    server.stop()


@pytest.fixture
def bucket(s3, monkeypatch):
    """The URL of an empty bucket."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    import s3fs

    name = f"calls-{os.getpid()}-{next(_NUMBERS)}"
    s3fs.S3FileSystem().mkdir(name)
    return f"s3://{name}"
