"""How events that a source sends by itself look in defs.yaml.

Belongs here: the pydantic models. Does not belong here: checking a signature (webhook.py).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connectors.config_base import Config, DottedPath, EnvName, Scalar


class WebhookSender(Config):
    """How the events of a system are signed (attribute `webhook` of a SourceSystem of kind mes).

    The signature is an HMAC with the secret over `signed`, whose {timestamp}, {nonce} and {body} are
    filled in, joined by `join`; `sort` sorts the filled parts first, as some senders do. With a
    timestamp header, an event older or newer than `tolerance_seconds` is refused, so that a caught
    request cannot be sent again later.
    """

    secret_env: EnvName
    signature_header: str = "X-Signature"
    prefix: str = ""
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    signed: list[str] = Field(default_factory=lambda: ["{body}"], min_length=1)
    join: str = ""
    sort: bool = False
    timestamp_header: str | None = None
    timestamp_unit: Literal["s", "ms"] = "s"
    tolerance_seconds: int = Field(default=300, ge=1)
    nonce_header: str | None = None


class WebhookEvents(Config):
    """Where an event's parts stand (attribute `webhook` of a MesEndpoint); dotted paths in the body.

    records: one record or a list of them ("" = the body itself). id: the event's own identity; without
    it the same body is taken once. Which of two versions of a record is newer is told by the object's
    `updated.column`; without one the later arrival wins. deleted: {path in a record: values that say that
    it was deleted}.
    """

    records: str = ""
    id: DottedPath | None = None
    deleted: dict[DottedPath, list[Scalar]] = Field(default_factory=dict)
