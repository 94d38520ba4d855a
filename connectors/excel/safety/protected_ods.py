"""Opening a password-protected OpenDocument spreadsheet (ODF 1.2 part 3, section 3.4 and 4.8).

Belongs here: PBKDF2 + AES-256-CBC as LibreOffice wrote it since 3.5, Argon2id + AES-256-GCM around the
whole package as it writes it since 24.8, PBKDF2 + Blowfish of OpenOffice. Runs in the child process.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MANIFEST = "META-INF/manifest.xml"
_MAX_MANIFEST = 4 << 20
_MAX_ENTRY = 1 << 30
_FIRST_KB = 1024
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_TAG = re.compile(r"<([\w:-]+)\b([^>]*?)/?>")


class Unsupported(Exception):
    """A way of locking this module does not know; the text names it."""


@dataclass(frozen=True)
class Locked:
    """One encrypted entry: its path and the attributes of the elements that describe its encryption."""

    path: str
    size: int
    facts: dict[str, str]


def locked_entries(path: Path) -> list[Locked]:
    """The encrypted entries of an OpenDocument package; none if it is no package or not encrypted."""
    try:
        with zipfile.ZipFile(path) as package:
            if _MANIFEST not in package.namelist() or package.getinfo(_MANIFEST).file_size > _MAX_MANIFEST:
                return []
            text = package.read(_MANIFEST)[:_MAX_MANIFEST].decode("utf-8", "replace")
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return []  # the reader after this says what is wrong with it
    found = []
    for entry in text.split("<manifest:file-entry")[1:]:
        start, _, inner = entry.partition(">")
        if "encryption-data" not in inner:
            continue
        own = _attributes(start)
        facts: dict[str, str] = {}
        for tag, attributes in _TAG.findall(inner):
            element = tag.rpartition(":")[2]
            facts |= {f"{element}/{name.rpartition(':')[2]}": value for name, value in _attributes(attributes).items()}
        size = own.get("manifest:size", "0")
        found.append(Locked(own.get("manifest:full-path", ""), int(size) if size.isdecimal() else 0, facts))
    return found


def _attributes(text: str) -> dict[str, str]:
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(text)}


def decrypt(path: Path, entries: Sequence[Locked], password: str, target: Path) -> bool:
    """Write the package without encryption; False if the password does not fit. Raises Unsupported."""
    locked = {entry.path: entry for entry in entries}
    with zipfile.ZipFile(path) as package:
        if "encrypted-package" in locked:
            inner = _plain(package.read("encrypted-package"), locked["encrypted-package"], password)
            if inner is None:
                return False
            target.write_bytes(inner)
            return True
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
            for info in package.infolist():
                data = package.read(info)
                if info.filename == _MANIFEST:
                    data = re.sub(rb"<manifest:encryption-data\b.*?</manifest:encryption-data>", b"", data, flags=re.S)
                elif info.filename in locked:
                    plain = _plain(data, locked[info.filename], password)
                    if plain is None:
                        return False
                    data = plain
                copy.writestr(info.filename, data)
    return True


def _plain(data: bytes, entry: Locked, password: str) -> bytes | None:
    """The content of one entry, or None if the password is wrong."""
    facts = entry.facts
    algorithm = facts.get("algorithm/algorithm-name", "").lower()
    vector = _bytes(facts, "algorithm/initialisation-vector")
    key = _key(facts, password)
    packed: bytes | None
    if "gcm" in algorithm:
        packed = _gcm(data, key)
    elif "blowfish" in algorithm:
        packed = _blowfish(data, key, vector)
    elif "aes256-cbc" in algorithm or "aes128-cbc" in algorithm:
        packed = _cbc(data, key, vector)
    else:
        raise Unsupported(algorithm or "?")
    if packed is None or not _checks(packed, facts):
        return None
    try:
        inflater = zlib.decompressobj(-15)
        plain = inflater.decompress(packed, _MAX_ENTRY)
    except zlib.error:
        return None
    if inflater.unconsumed_tail:
        raise Unsupported("> 1 GiB")
    return plain


def _key(facts: dict[str, str], password: str) -> bytes:
    start = facts.get("start-key-generation/start-key-generation-name", "sha1").lower()
    digest = hashlib.sha256 if "sha256" in start else hashlib.sha1  # SHA-1 is what OpenOffice files name
    secret = digest(password.encode("utf-8")).digest()
    salt = _bytes(facts, "key-derivation/salt")
    size = min(int(facts.get("key-derivation/key-size", "16")), 64)
    name = facts.get("key-derivation/key-derivation-name", "").lower()
    if "pbkdf2" in name:
        rounds = int(facts.get("key-derivation/iteration-count", "1024"))
        if rounds > 10_000_000:
            raise Unsupported(f"{rounds} rounds")
        return hashlib.pbkdf2_hmac("sha1", secret, salt, rounds, size)
    if "argon2id" in name:
        return _argon2(facts, secret, salt, size)
    raise Unsupported(name or "?")


def _argon2(facts: dict[str, str], secret: bytes, salt: bytes, size: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    wanted = (("iterations", "iterations", "3"), ("memory_cost", "memory", "65536"), ("lanes", "lanes", "4"))
    costs: dict[str, Any] = {key: int(facts.get(f"key-derivation/argon2-{name}", usual)) for key, name, usual in wanted}
    if costs["memory_cost"] > 1 << 20:
        raise Unsupported(f"{costs['memory_cost']} KiB")
    return Argon2id(salt=salt, length=size, **costs).derive(secret)


def _cbc(data: bytes, key: bytes, vector: bytes) -> bytes | None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if not data or len(data) % 16 or len(vector) != 16:
        return None
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    padded = decryptor.update(data) + decryptor.finalize()
    return padded[: -padded[-1]] if 1 <= padded[-1] <= 16 else None


def _gcm(data: bytes, key: bytes) -> bytes | None:
    """The nonce stands before the data, the tag after it."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(data[:12], data[12:], None)
    except (InvalidTag, ValueError):
        return None


def _blowfish(data: bytes, key: bytes, vector: bytes) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
    from cryptography.hazmat.primitives.ciphers import Cipher

    decryptor = Cipher(Blowfish(key), CFB(vector)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _checks(packed: bytes, facts: dict[str, str]) -> bool:
    """Against the digest of the first kilobyte; the whole-package form has its tag instead."""
    kind = facts.get("encryption-data/checksum-type", "").lower()
    wanted = _bytes(facts, "encryption-data/checksum")
    if not wanted:
        return True
    part = packed[:_FIRST_KB] if "1k" in kind else packed
    return (hashlib.sha256 if "sha256" in kind else hashlib.sha1)(part).digest() == wanted


def _bytes(facts: dict[str, str], name: str) -> bytes:
    try:
        return base64.b64decode(facts.get(name, ""))
    except ValueError:
        return b""
