"""Kingdee Cloud Galaxy WebAPI: every request carries two signatures, one for the gateway, one for the product.

values: app_id ("<client>_<masked secret>"), app_secret, acct_id (data centre), user; lcid (default 2052),
org (default 0). Rules as the vendor's SDKs follow them (Java and Python 8.2):

    X-Kd-Appdata    = base64("acct_id,user,lcid,org")
    X-Kd-Signature  = B(HMAC-SHA256(app_id + "acct_id,user,lcid,org", app_secret))
    X-Api-Signature = B(HMAC-SHA256("POST\\n<path, slashes quoted too>\\n\\nx-api-nonce:<nonce>\\n"
                                    "x-api-timestamp:<seconds>\\n", client secret))
    B(x)            = base64 of the lower-case hexadecimal text of x
    client secret   = base64 of (the masked secret, base64-decoded) XOR the published mask

An app_id without "_" has no gateway part: then only the X-Kd headers are sent. Sessions are cookies
(kdservice-sessionid), which the connector keeps by itself.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from connectors.mes.signers.request import Addition, ToSign, hmac_of, lacking

MASK = b"0054f397c6234378b09ca7d3e5debce7"  # public, the same in every SDK of the vendor


def wrong(values: dict[str, Any]) -> str | None:
    return lacking(values, "app_id", "app_secret", "acct_id", "user")


def sign(request: ToSign, values: dict[str, Any]) -> Addition:
    app_id = str(values["app_id"])
    data = ",".join(str(part) for part in (values["acct_id"], values["user"], values.get("lcid", 2052),
                                           values.get("org", 0)))  # fmt: skip
    headers = {
        "X-Kd-Appkey": app_id,
        "X-Kd-Appdata": base64.b64encode(data.encode()).decode(),
        "X-Kd-Signature": hmac_of(app_id + data, str(values["app_secret"]), encoding="base64_of_hex"),
    }
    client, _, masked = app_id.partition("_")
    secret = client_secret(masked)
    if secret is None:
        return Addition(headers)
    seconds = str(request.epoch_ms // 1000)
    message = f"{request.method}\n{quote(request.path, safe='')}\n\n"
    message += f"x-api-nonce:{request.nonce}\nx-api-timestamp:{seconds}\n"
    return Addition(
        headers
        | {
            "X-Api-ClientID": client,
            "X-Api-Auth-Version": "2.0",
            "x-api-timestamp": seconds,
            "x-api-nonce": request.nonce,
            "x-api-signheaders": "x-api-timestamp,x-api-nonce",
            "X-Api-Signature": hmac_of(message, secret, encoding="base64_of_hex"),
        }
    )


def client_secret(masked: str) -> str | None:
    """The gateway's key from the second part of an app_id; None if that part is none."""
    try:
        raw = base64.b64decode(masked, validate=True)
    except binascii.Error:
        return None
    if not raw or len(raw) > len(MASK):
        return None
    return base64.b64encode(bytes(byte ^ mask for byte, mask in zip(raw, MASK, strict=False))).decode()
