"""Protected workbooks made for tests, written after the published formats.

Agile encryption is written by msoffcrypto; ECMA-376 standard ([MS-OFFCRYPTO] 2.3.4.5 and following), RC4
([MS-OFFCRYPTO] 2.3.6, [MS-XLS] 2.2.10) and OpenDocument (ODF 1.2 part 3, 3.4) are written here.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def agile(plain: Path, target: Path, password: str) -> Path:
    from msoffcrypto.format.ooxml import OOXMLFile

    stream = io.BytesIO()
    with plain.open("rb") as file:
        OOXMLFile(file).encrypt(password, stream)
    target.write_bytes(stream.getvalue())
    return target


def standard(plain: Path, target: Path, password: str) -> Path:
    from msoffcrypto.method.container.ecma376_encrypted import ECMA376Encrypted
    from msoffcrypto.method.ecma376_standard import ECMA376Standard

    salt, verifier = os.urandom(16), os.urandom(16)
    key = ECMA376Standard.makekey_from_password(password, 0x660E, 0x8004, 0x18, 128, 16, salt)

    def encrypt(data: bytes) -> bytes:
        padded = data + b"\0" * (-len(data) % 16)
        encryptor = Cipher(algorithms.AES(bytes(key)), modes.ECB()).encryptor()  # noqa: S305 - what the format says
        return encryptor.update(padded) + encryptor.finalize()

    name = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
    header = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + name
    proof = struct.pack("<I", 16) + salt + encrypt(verifier) + struct.pack("<I", 20)
    proof += encrypt(hashlib.sha1(verifier).digest())  # noqa: S324 - what the format says
    info = struct.pack("<HHII", 3, 2, 0x24, len(header)) + header + proof
    data = plain.read_bytes()
    stream = io.BytesIO()
    ECMA376Encrypted(struct.pack("<Q", len(data)) + encrypt(data), info).write_to(stream)
    target.write_bytes(stream.getvalue())
    return target


def rc4(rows: list[list[str]], sheet: str, target: Path, password: str) -> Path:
    import xlwt
    from msoffcrypto.method.rc4 import DocumentRC4, _makekey
    from xlwt.CompoundDoc import XlsDoc

    book = xlwt.Workbook()
    page = book.add_sheet(sheet)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            page.write(row, column, text)
    salt, verifier = os.urandom(16), os.urandom(16)
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4

    stream = Cipher(ARC4(_makekey(password, salt, 0)), mode=None).encryptor()
    proof = stream.update(verifier) + stream.update(hashlib.md5(verifier).digest())  # noqa: S324 - the format's
    lock = struct.pack("<HHHHH", 0x2F, 54, 1, 1, 1) + salt + proof
    plain = book.get_biff_data()
    rest = -(len(plain) + 58) % 4  # msoffcrypto reads to the end of the stream, which is padded with zeros
    plain += struct.pack("<HH", 0, rest) + b"\0" * rest
    first = 4 + struct.unpack_from("<H", plain, 2)[0]
    plain = plain[:first] + lock + plain[first:]
    open_bytes = bytearray(len(plain))  # 1 where a byte stays as it is
    at, moved = 0, bytearray(plain)
    while at + 4 <= len(plain):
        record, length = struct.unpack_from("<HH", plain, at)
        clear = 4 + length if record in (0x809, 0x2F, 0xE1) else 8 if record == 0x85 else 4
        if record == 0x85:
            struct.pack_into("<I", moved, at + 4, struct.unpack_from("<I", plain, at + 4)[0] + len(lock))
        open_bytes[at : at + clear] = b"\1" * clear
        at += 4 + length
    hidden = DocumentRC4.decrypt(password, salt, io.BytesIO(bytes(moved)), blocksize=1024).read()
    mixed = bytes(
        clear if is_open else secret for clear, secret, is_open in zip(moved, hidden, open_bytes, strict=True)
    )
    XlsDoc().save(str(target), mixed)
    return target


_MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
)


def open_document(plain: Path, target: Path, password: str) -> Path:
    """PBKDF2 and AES-256-CBC per part, as LibreOffice has written it since 3.5."""
    secret = hashlib.sha256(password.encode()).digest()
    entries = ""
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(target, "w") as locked:
        for info in source.infolist():
            data = source.read(info)
            if not info.filename.endswith(".xml") or info.filename == "META-INF/manifest.xml":
                if info.filename != "META-INF/manifest.xml":
                    locked.writestr(info.filename, data)
                continue
            salt, vector = os.urandom(16), os.urandom(16)
            packer = zlib.compressobj(wbits=-15)
            packed = packer.compress(data) + packer.flush()
            key = hashlib.pbkdf2_hmac("sha1", secret, salt, 100_000, 32)
            padding = 16 - len(packed) % 16
            encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
            cipher = encryptor.update(packed + os.urandom(padding - 1) + bytes([padding])) + encryptor.finalize()
            locked.writestr(info.filename, cipher)
            proof = hashlib.sha256(packed[:1024]).digest()
            entries += _entry(
                info.filename,
                len(data),
                f' manifest:checksum-type="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k"'
                f' manifest:checksum="{_text(proof)}"',
                "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
                vector,
                f'manifest:key-derivation-name="PBKDF2" manifest:key-size="32" manifest:iteration-count="100000"'
                f' manifest:salt="{_text(salt)}"',
            )
        locked.writestr("META-INF/manifest.xml", f"{_MANIFEST}{entries}</manifest:manifest>")
    return target


def whole_open_document(plain: Path, target: Path, password: str) -> Path:
    """Argon2id and AES-256-GCM around the whole package, as LibreOffice writes it since 24.8."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    salt, nonce = os.urandom(16), os.urandom(12)
    secret = hashlib.sha256(password.encode()).digest()
    key = Argon2id(salt=salt, length=32, iterations=3, memory_cost=8192, lanes=4).derive(secret)
    data = plain.read_bytes()
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(data) + packer.flush()
    entry = _entry(
        "encrypted-package",
        len(data),
        "",
        "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        nonce,
        'manifest:key-derivation-name="urn:org:documentfoundation:names:experimental:office:manifest:argon2id"'
        f' manifest:key-size="32" loext:argon2-iterations="3" loext:argon2-memory="8192" loext:argon2-lanes="4"'
        f' manifest:salt="{_text(salt)}"',
    )
    with zipfile.ZipFile(target, "w") as locked:
        locked.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        locked.writestr("encrypted-package", nonce + AESGCM(key).encrypt(nonce, packed, None))
        locked.writestr("META-INF/manifest.xml", f"{_MANIFEST}{entry}</manifest:manifest>")
    return target


def _entry(path: str, size: int, checksum: str, algorithm: str, vector: bytes, derivation: str) -> str:
    return (
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="text/xml" manifest:size="{size}">'
        f"<manifest:encryption-data{checksum}>"
        f'<manifest:algorithm manifest:algorithm-name="{algorithm}"'
        f' manifest:initialisation-vector="{_text(vector)}"/>'
        '<manifest:start-key-generation manifest:start-key-generation-name="http://www.w3.org/2000/09/xmldsig#sha256"'
        ' manifest:key-size="32"/>'
        f"<manifest:key-derivation {derivation}/></manifest:encryption-data></manifest:file-entry>"
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
