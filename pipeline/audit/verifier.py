#!/usr/bin/env python3
"""Checks an audit pack of Tinghe: ``python3 verify.py PACK.zip [--public-key FILE] [--json]``.

This file needs nothing but Python's standard library (3.9 or later) and the package ``cryptography``, and
travels in every pack. Use a copy that did not come with the pack, and the public key that its sender gave you
by another way: a pack that was made anew from end to end has a key and a verifier of its own.

How it checks. ``manifest.json`` names every file with its size, its SHA-256 and the SHA-256 of its bytes as
they are packed; ``manifest.sig`` is an Ed25519 signature (RFC 8032) of its bytes. A pack is one way of
writing a ZIP file and no other: what the manifest says decides every byte of every header. So each byte of
the file is either signed, or covered by a digest that is signed, or follows from the manifest, and a single
one that is not as it was written is found and told by the part that it stands in.

Exit status: 0 the pack is as it was signed; 1 it is not, or that could not be checked.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import struct
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

FORM = "tinghe.audit/1"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
PUBLIC_KEY = "public_key.pem"
STORED, DEFLATED = 0, 8
_SIGNATURE_BYTES = 64
_BLOCK = 1 << 20
_LARGEST_MANIFEST = 1 << 28
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UTF8 = 20, 0x800
_DAY = 0x21  # 1 January 1980, the first day that a ZIP file can name
_UNIX_FILE = 0o100600 << 16
_MADE_ON_UNIX = 3 << 8


def canonical(value: Any) -> bytes:
    """A manifest as bytes: JSON with sorted keys, no spaces, UTF-8, a newline at the end."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return (text + "\n").encode("utf-8")


def fingerprint_of(pem: bytes) -> str:
    """SHA-256 of the DER form of a public key in PEM, hexadecimal; empty when it is none."""
    lines = [line.strip() for line in pem.split(b"\n") if b"-----" not in line]
    try:
        return hashlib.sha256(base64.b64decode(b"".join(lines), validate=True)).hexdigest()
    except (binascii.Error, ValueError):
        return ""


def local_header(name: str, method: int, crc: int, packed: int, size: int) -> bytes:
    """The bytes before a file in a pack."""
    encoded = name.encode("utf-8")
    head = (b"PK\x03\x04", _VERSION, _UTF8, method, 0, _DAY, crc, packed, size, len(encoded), 0)
    return _LOCAL.pack(*head) + encoded


def central_header(name: str, method: int, crc: int, packed: int, size: int, offset: int) -> bytes:
    """The entry of a file in the directory of a pack."""
    encoded = name.encode("utf-8")
    made = _MADE_ON_UNIX | _VERSION
    head = (b"PK\x01\x02", made, _VERSION, _UTF8, method, 0, _DAY, crc, packed, size)
    return _CENTRAL.pack(*head, len(encoded), 0, 0, 0, 0, _UNIX_FILE, offset) + encoded


def end_record(files: int, length: int, offset: int) -> bytes:
    """The last bytes of a pack."""
    return _END.pack(b"PK\x05\x06", 0, 0, files, files, length, offset, 0)


class Outcome:
    """What a check came to.

    Attributes:
        findings: (part, what is wrong with it).
        signed: whether the signature fits the manifest.
        fingerprint: of the public key that was used.
        known_key: whether that key was given, and not taken from the pack.
        manifest: where it could be read.
    """

    def __init__(self, known_key: bool) -> None:
        self.findings: list[tuple[str, str]] = []
        self.signed = False
        self.fingerprint = ""
        self.known_key = known_key
        self.manifest: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether the pack is as it was signed."""
        return self.signed and not self.findings

    def find(self, part: str, what: str) -> None:
        """Note that something is wrong, once."""
        if (part, what) not in self.findings:
            self.findings.append((part, what))

    def as_json(self) -> dict[str, Any]:
        """As JSON types."""
        manifest = self.manifest or {}
        return {
            "ok": self.ok,
            "signed": self.signed,
            "public_key_sha256": self.fingerprint or None,
            "public_key_given": self.known_key,
            "created_at": manifest.get("created_at"),
            "files": len(manifest.get("files", [])),
            "findings": [{"part": part, "what": what} for part, what in self.findings],
        }


def verify(path: str | os.PathLike[str], public_key: bytes | None = None) -> Outcome:
    """Check a pack.

    Args:
        path: the ZIP file.
        public_key: the PEM of the public key that must have signed it; that of the pack when left out.
    """
    outcome = Outcome(public_key is not None)
    try:
        with open(path, "rb") as file:
            _check(file, public_key, outcome)
    except OSError as error:
        outcome.find("the file", f"it cannot be read: {error.strerror}")
    return outcome


def _check(file: BinaryIO, public_key: bytes | None, outcome: Outcome) -> None:
    listed = _listed(file, outcome)
    content = _read(file, MANIFEST, [*_places(listed, MANIFEST), _first(file, MANIFEST, 0)])
    if content is None:
        outcome.find(MANIFEST, "it is missing or its place cannot be told: this is no audit pack any more")
        return
    behind = len(local_header(MANIFEST, STORED, 0, 0, 0)) + len(content)
    signature = _read(file, SIGNATURE, [*_places(listed, SIGNATURE), _first(file, SIGNATURE, behind)])
    manifest = _manifest(content, outcome)
    own = [_entry(MANIFEST, content)]
    if signature is not None or (manifest is not None and manifest["signed"]):
        own.append(_entry(SIGNATURE, signature if signature is not None else bytes(_SIGNATURE_BYTES)))
    parts = _parts([*own, *manifest["files"]]) if manifest is not None else []
    inside = [part for part in parts if part.name == PUBLIC_KEY and part.entry]
    where = [(part.offset, part.length) for part in inside]
    digest = next((part.entry["sha256"] for part in inside if part.entry), "")
    key = _read(file, PUBLIC_KEY, [*_places(listed, PUBLIC_KEY), *where], digest)
    if signature is None and key is None:
        outcome.find(
            SIGNATURE, "the pack is not signed: nothing shows who made it, or that it was not changed"
        )
    else:
        _check_signature(content, signature, key, public_key, outcome)
    if manifest is not None:
        outcome.manifest = manifest
        _check_names(listed, [*own, *manifest["files"]], outcome)
        _check_bytes(file, parts, outcome)


def _listed(file: BinaryIO, outcome: Outcome) -> dict[str, list[zipfile.ZipInfo]]:
    """What the ZIP directory says is in the file, by name."""
    found: dict[str, list[zipfile.ZipInfo]] = {}
    try:
        with zipfile.ZipFile(file) as container:
            for info in container.infolist():
                found.setdefault(info.filename, []).append(info)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error, OverflowError):
        outcome.find("the ZIP directory", "it is damaged: readers cannot list the files")
    return found


def _places(listed: dict[str, list[zipfile.ZipInfo]], name: str) -> list[tuple[int, int]]:
    """Where the directory says that the content of a stored file is: (offset, size)."""
    behind = len(local_header(name, STORED, 0, 0, 0))
    return [(info.header_offset + behind, info.file_size) for info in listed.get(name, [])]


def _first(file: BinaryIO, name: str, offset: int) -> tuple[int, int]:
    """The same by the header that stands at an offset; (-1, 0) when it is not that of the file."""
    head = _at(file, offset, _LOCAL.size + len(name))
    if head[_LOCAL.size :] != name.encode():
        return -1, 0
    return offset + len(head), int(_LOCAL.unpack(head[: _LOCAL.size])[8])


def _read(file: BinaryIO, name: str, places: list[tuple[int, int]], sha256: str = "") -> bytes | None:
    """The bytes of a stored file: those of the digest, else those whose header they fit, else the first."""
    contents: list[tuple[bool, int, bytes]] = []
    for offset, size in places:
        behind = len(local_header(name, STORED, 0, 0, 0))
        if offset >= behind and size <= _LARGEST_MANIFEST:
            content = _at(file, offset, size)
            head = local_header(name, STORED, zlib.crc32(content), len(content), len(content))
            if hashlib.sha256(content).hexdigest() == sha256:
                return content
            contents.append((_at(file, offset - behind, behind) != head, len(contents), content))
    return min(contents)[2] if contents else None


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _entry(name: str, content: bytes) -> dict[str, Any]:
    """Manifest and signature as an entry like those of the manifest, which cannot name itself."""
    digest = hashlib.sha256(content).hexdigest()
    return {
        "path": name,
        "size": len(content),
        "sha256": digest,
        "packed_size": len(content),
        "packed_sha256": digest,
        "method": "stored",
        "crc32": zlib.crc32(content),
    }


def _check_signature(
    content: bytes, signature: bytes | None, key: bytes | None, given: bytes | None, outcome: Outcome
) -> None:
    if signature is None or len(signature) != _SIGNATURE_BYTES:
        outcome.find(SIGNATURE, f"it is missing or not of {_SIGNATURE_BYTES} bytes")
    if key is None:
        outcome.find(PUBLIC_KEY, "it is missing")
    used = given if given is not None else key
    outcome.fingerprint = fingerprint_of(used or b"")
    if given is not None and key is not None and fingerprint_of(key) != outcome.fingerprint:
        outcome.find(PUBLIC_KEY, "it is not the key that was given: somebody else signed, or it was replaced")
    if used is None or signature is None:
        return
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        outcome.find(SIGNATURE, "not checked: the Python package cryptography is not here")
        return
    try:
        loaded = load_pem_public_key(used)
        if not isinstance(loaded, Ed25519PublicKey):
            raise ValueError("not Ed25519")
    except (ValueError, UnsupportedAlgorithm):
        outcome.find(PUBLIC_KEY, "it is no Ed25519 public key")
        return
    try:
        loaded.verify(signature, content)
        outcome.signed = True
    except InvalidSignature:
        outcome.find(
            SIGNATURE, "the signature does not fit: manifest.json, manifest.sig or the public key was changed"
        )


def _manifest(content: bytes, outcome: Outcome) -> dict[str, Any] | None:
    """The manifest, where it can be followed."""
    try:
        manifest: dict[str, Any] = json.loads(content.decode("utf-8"))
        same = canonical(manifest) == content
        files = manifest["files"]
        paths = [entry["path"] for entry in files]
        in_order = paths == sorted(set(paths)) and isinstance(manifest["signed"], bool)
        usable = manifest["form"] == FORM and in_order and all(_usable(entry) for entry in files)
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
        outcome.find(MANIFEST, "it was changed: it cannot be read")
        return None
    if not usable:
        outcome.find(MANIFEST, f"it was changed: it is not of the form {FORM}")
        return None
    if not same:
        outcome.find(MANIFEST, "it was changed: it is not written as a manifest is")
    return manifest


def _usable(entry: dict[str, Any]) -> bool:
    numbers = [entry[name] for name in ("size", "packed_size", "crc32")]
    texts = [entry[name] for name in ("path", "sha256", "packed_sha256")]
    return (
        all(type(number) is int and 0 <= number < 1 << 32 for number in numbers)
        and all(isinstance(text, str) for text in texts)
        and 0 < len(entry["path"].encode("utf-8")) < 1 << 16
        and entry["path"] not in (MANIFEST, SIGNATURE)
        and entry["method"] in ("stored", "deflated")
    )


def _check_names(
    listed: dict[str, list[zipfile.ZipInfo]], entries: list[dict[str, Any]], outcome: Outcome
) -> None:
    """Files by their names, as readers of the ZIP file see them."""
    if not listed:
        return
    named = {entry["path"] for entry in entries}
    for name in sorted(named - set(listed)):
        outcome.find(name, "the file is missing")
    for name in sorted(set(listed) - named):
        outcome.find(name, "the file does not belong to the pack: the manifest does not name it")
    for name in sorted(name for name, places in listed.items() if len(places) > 1):
        outcome.find(name, "the file stands in the pack more than once")


class _Part:
    """A stretch of a pack: its bytes where they follow from the manifest, else the file's entry."""

    def __init__(
        self, name: str, offset: int, length: int, due: bytes | None, entry: dict[str, Any] | None
    ) -> None:
        self.name, self.offset, self.length, self.due, self.entry = name, offset, length, due, entry


def _parts(entries: list[dict[str, Any]]) -> list[_Part]:
    """Every stretch of a pack in its order."""
    offset, central, parts = 0, [], []
    for entry in entries:
        method = STORED if entry["method"] == "stored" else DEFLATED
        known = (entry["path"], method, entry["crc32"], entry["packed_size"], entry["size"])
        head = local_header(*known)
        central.append((entry["path"], central_header(*known, offset)))
        parts.append(_Part(f"ZIP header before {entry['path']}", offset, len(head), head, None))
        offset += len(head)
        parts.append(_Part(entry["path"], offset, entry["packed_size"], None, entry))
        offset += entry["packed_size"]
    end = end_record(len(central), sum(len(head) for _, head in central), offset)
    for path, head in [*central, ("", end)]:
        name = f"ZIP directory entry of {path}" if path else "ZIP end record"
        parts.append(_Part(name, offset, len(head), head, None))
        offset += len(head)
    return parts


def _check_bytes(file: BinaryIO, parts: list[_Part], outcome: Outcome) -> None:
    """Every byte against what the manifest asks for; told by the part that it stands in."""
    there = file.seek(0, os.SEEK_END)
    due = parts[-1].offset + parts[-1].length
    for part in parts:
        if part.offset + part.length > there:
            outcome.find(part.name, f"the pack ends before it does, {due - there} bytes early")
            break
        if part.entry is not None:
            why = _wrong_in(file, part, part.entry)
            if why:
                outcome.find(
                    part.name, f"{why} (bytes {part.offset} to {part.offset + part.length} of the pack)"
                )
        elif part.due is not None:
            got = _at(file, part.offset, part.length)
            if got != part.due:
                pairs = zip(got, part.due)  # noqa: B905 - strict= needs Python 3.10; both have the same length
                at = next(i for i, (one, other) in enumerate(pairs) if one != other)
                outcome.find(part.name, f"it was changed, first at byte {part.offset + at} of the pack")
                if there != due and got[:4] != part.due[:4]:
                    outcome.find("the ZIP file", f"from byte {part.offset} on nothing is in its place")
                    break
    if there > due:
        outcome.find("the ZIP file", f"there are {there - due} bytes more than were written")


def _wrong_in(file: BinaryIO, part: _Part, entry: dict[str, Any]) -> str:
    """What is wrong with a file; empty when nothing is."""
    packed, content = hashlib.sha256(), hashlib.sha256()
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if entry["method"] == "deflated" else None
    size, left = 0, part.length
    file.seek(part.offset)
    while left:
        block = file.read(min(left, _BLOCK))
        if not block:
            return "it ends too early"
        packed.update(block)
        left -= len(block)
        try:
            pieces = [block] if unpacker is None else _unpacked(unpacker, block)
            for piece in pieces:
                content.update(piece)
                size += len(piece)
        except zlib.error:
            return "its content was changed: it cannot be unpacked"
    if packed.hexdigest() != entry["packed_sha256"]:
        return "its content was changed"
    if content.hexdigest() != entry["sha256"] or size != entry["size"]:
        return "its content is not what the manifest says of it"
    return ""


def _unpacked(unpacker: Any, block: bytes) -> Iterator[bytes]:
    """In pieces, so that a small file cannot fill the memory."""
    while block:
        yield unpacker.decompress(block, _BLOCK)
        block = unpacker.unconsumed_tail
    if unpacker.eof:
        yield unpacker.flush()


def told(outcome: Outcome) -> str:
    """What a check came to, for people."""
    lines = [f"✗ {part}: {what}" for part, what in outcome.findings]
    if outcome.ok:
        files = len((outcome.manifest or {})["files"])
        lines.append(f"✓ 与签名时一致 unchanged since it was signed: {files} files")
        lines.append(f"  public key SHA-256 {outcome.fingerprint}")
        if not outcome.known_key:
            lines.append("  公钥来自本包，请与对方另行告知的指纹核对")
            lines.append("  (the key came with the pack: compare it with what its sender told you)")
    else:
        lines.append("✗ 不能证明与签名时一致 not shown to be what was signed")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(description="Checks an audit pack of Tinghe.")
    parser.add_argument("pack")
    parser.add_argument("--public-key", help="PEM file of the key that must have signed it")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    key = None
    if asked.public_key:
        try:
            with open(asked.public_key, "rb") as file:
                key = file.read()
        except OSError as error:
            sys.stderr.write(f"{asked.public_key}: {error.strerror}\n")
            return 1
    outcome = verify(asked.pack, key)
    text = json.dumps(outcome.as_json(), ensure_ascii=False, indent=1) + "\n" if asked.json else told(outcome)
    sys.stdout.write(text)
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
