"""An HMAC over a text made from a template: most signatures of small APIs.

values: key; message (template); name (of the header or parameter that carries the signature);
digest md5, sha1, sha256 (default), sha512; encoding base64 (default), hex, base64_of_hex;
place header (default) or query; headers, parameters: {name: template} sent with it.
Templates know {method} {path} {path_quoted} (slashes too) {query} (sorted, name=value&...)
{query_joined} (sorted, namevalue...) {body} {body_sha256} {timestamp} (s) {timestamp_ms} {nonce} and every
other value. Does not belong here: rules that need more than a template.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import quote

from connectors.mes.signers.request import Addition, ToSign, hmac_of, lacking

_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_OWN = {"message", "name", "place", "digest", "encoding", "headers", "parameters", "key"}
_KNOWN = {"method", "path", "path_quoted", "query", "query_joined", "body", "body_sha256", "timestamp",
          "timestamp_ms", "nonce"}  # fmt: skip


def wrong(values: dict[str, Any]) -> str | None:
    if problem := lacking(values, "key", "message", "name"):
        return problem
    for name, allowed in (
        ("digest", {"md5", "sha1", "sha256", "sha512"}),
        ("encoding", {"hex", "base64", "base64_of_hex"}),
        ("place", {"header", "query"}),
    ):
        if values.get(name, min(allowed)) not in allowed:
            return f"{name} is one of {', '.join(sorted(allowed))}"
    templates = [values["message"], *values.get("headers", {}).values(), *values.get("parameters", {}).values()]
    used = {name for template in templates for name in _NAME.findall(str(template))}
    if unknown := sorted(used - _KNOWN - (values.keys() - _OWN)):
        return f"no value {{{unknown[0]}}}"
    return None


def sign(request: ToSign, values: dict[str, Any]) -> Addition:
    pairs = sorted(request.query.items())
    known = {name: str(value) for name, value in values.items() if name not in _OWN} | {
        "method": request.method,
        "path": request.path,
        "path_quoted": quote(request.path, safe=""),
        "query": "&".join(f"{name}={value}" for name, value in pairs),
        "query_joined": "".join(name + value for name, value in pairs),
        "body": request.body.decode(),
        "body_sha256": hashlib.sha256(request.body).hexdigest(),
        "timestamp": str(request.epoch_ms // 1000),
        "timestamp_ms": str(request.epoch_ms),
        "nonce": request.nonce,
    }

    def filled(template: Any) -> str:
        return _NAME.sub(lambda match: known[match[1]], str(template))

    signature = hmac_of(
        filled(values["message"]),
        str(values["key"]),
        values.get("digest", "sha256"),
        values.get("encoding", "base64"),
    )
    headers = {name: filled(template) for name, template in values.get("headers", {}).items()}
    parameters = {name: filled(template) for name, template in values.get("parameters", {}).items()}
    carried = {str(values["name"]): signature}
    if values.get("place", "header") == "query":
        return Addition(headers, parameters | carried)
    return Addition(headers | carried, parameters)
