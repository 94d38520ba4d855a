"""Yonyou open API: a parameter `signature` over all others of the query.

values: secret; name (default "signature"). The parameters are sorted by name, names and values
concatenated without anything between them; Base64(HMAC-SHA256(text, secret)). The connector encodes the
query once, as it does for every parameter: the signature itself must not be encoded before that.
"""

from __future__ import annotations

from typing import Any

from connectors.mes.signers.request import Addition, ToSign, hmac_of, lacking


def wrong(values: dict[str, Any]) -> str | None:
    return lacking(values, "secret")


def sign(request: ToSign, values: dict[str, Any]) -> Addition:
    joined = "".join(name + value for name, value in sorted(request.query.items()))
    return Addition(query={str(values.get("name", "signature")): hmac_of(joined, str(values["secret"]))})
