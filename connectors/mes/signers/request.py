"""What a signer sees of a request and what it adds to it; the digests all of them use.

Does not belong here: any vendor's rule.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Literal

Digest = Literal["md5", "sha1", "sha256", "sha512"]
Encoding = Literal["hex", "base64", "base64_of_hex"]


@dataclass(frozen=True)
class ToSign:
    """path: without host and query. query: names and values as they will be sent. body: the bytes."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    epoch_ms: int
    nonce: str


@dataclass(frozen=True)
class Addition:
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


def hmac_of(message: str, key: str, digest: Digest = "sha256", encoding: Encoding = "base64") -> str:
    """HMAC (RFC 2104) of UTF-8 text. base64_of_hex: base64 of the lower-case hexadecimal digest's text."""
    made = hmac.new(key.encode(), message.encode(), getattr(hashlib, digest))
    if encoding == "hex":
        return made.hexdigest()
    return base64.b64encode(made.hexdigest().encode() if encoding == "base64_of_hex" else made.digest()).decode()


def lacking(values: dict[str, object], *names: str) -> str | None:
    """The sentence for values a signer cannot do without."""
    missing = [name for name in names if name not in values]
    return f"`values` lacks {', '.join(missing)}" if missing else None
