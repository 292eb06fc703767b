"""Keys: made once, kept by their owner, refused where others may read them."""

from __future__ import annotations

import subprocess

import pytest

from pipeline.audit.signing import PRIVATE_FILE, PUBLIC_FILE, make_key, read_key
from pipeline.audit.verifier import fingerprint_of
from pipeline.errors import ConfigError


@pytest.mark.parametrize("password", ["", "correct horse"])
def test_a_key_comes_back_and_signs_alike(tmp_path, password):
    made = make_key(tmp_path, password)
    private = tmp_path / PRIVATE_FILE
    assert private.stat().st_mode & 0o777 == 0o600
    assert (b"ENCRYPTED" in private.read_bytes()) == bool(password)
    found = read_key(private, "SECRET", {"SECRET": password} if password else {})
    assert found.fingerprint == made.fingerprint == fingerprint_of((tmp_path / PUBLIC_FILE).read_bytes())
    assert found.sign(b"x") == made.sign(b"x")
    assert "_key" not in repr(found)


def test_no_key_is_ever_replaced(tmp_path):
    make_key(tmp_path)
    with pytest.raises(ConfigError, match="there is a key already"):
        make_key(tmp_path)


def test_a_key_that_cannot_be_used_is_told_by_its_file(tmp_path):
    make_key(tmp_path, "secret")
    private = tmp_path / PRIVATE_FILE
    for environment in ({}, {"SECRET": "wrong"}):
        with pytest.raises(ConfigError, match="password in SECRET"):
            read_key(private, "SECRET", environment)
    private.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_key(private, "SECRET", {"SECRET": "secret"})
    other = tmp_path / "other.pem"
    other.write_bytes(b"nonsense")
    other.chmod(0o600)
    with pytest.raises(ConfigError, match="no private key"):
        read_key(other, "", {})
    with pytest.raises(ConfigError, match="No such file"):
        read_key(tmp_path / "nowhere.pem", "", {})


def test_a_key_of_another_kind_is_refused(tmp_path):
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

    path = tmp_path / "ed448.pem"
    path.write_bytes(
        Ed448PrivateKey.generate().private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    )
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not an Ed25519 key"):
        read_key(path, "", {})


def test_openssl_checks_the_signature_too(tmp_path):
    made = make_key(tmp_path)
    (tmp_path / "text").write_bytes(b"a manifest")
    (tmp_path / "sig").write_bytes(made.sign(b"a manifest"))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", PUBLIC_FILE, "-rawin", "-in", "text"]
    try:
        done = subprocess.run([*command, "-sigfile", "sig"], cwd=tmp_path, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("openssl is not here")
    assert done.returncode == 0, done.stdout
