"""Events a source sends by itself: is the sender who it says, and which records does it speak of.

Belongs here: the signature, reading events out of a body; pure functions. Does not
belong here: HTTP (portal), keeping and landing events (hub/landing/events.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.mes.config_webhook import WebhookEvents, WebhookSender
from connectors.mes.items import Item, Refused, Rows, as_text
from connectors.mes.paths import value_at
from schemas.problems import Problem


@dataclass(frozen=True)
class Event:
    """One record of one event. id: unique per record; key: as the object's reads make it.

    stamp: the record's update time, epoch ms; None if it has none.
    """

    id: str
    key: str
    stamp: int | None
    is_deletion: bool
    record: dict[str, Any]


def verify(
    sender: WebhookSender, secret: str, headers: Mapping[str, str], body: bytes, now: float, system: str
) -> None:
    """Raises Problem `webhook_unsigned`, `webhook_wrong_signature` or `webhook_too_old`.

    `headers`: names in any case must be found, as in starlette's Headers. `now`: seconds since 1970.
    """
    given = headers.get(sender.signature_header)
    if not given:
        raise Problem("webhook_unsigned", system=system, header=sender.signature_header)
    stamp = headers.get(sender.timestamp_header) if sender.timestamp_header else None
    nonce = headers.get(sender.nonce_header) if sender.nonce_header else None
    parts = []
    for template in sender.signed:
        part = template.replace("{timestamp}", stamp or "").replace("{nonce}", nonce or "").encode()
        # The body last and as bytes: it may hold braces, and must be signed exactly as it was sent.
        parts.append(part.replace(b"{body}", body))
    message = sender.join.encode().join(sorted(parts) if sender.sort else parts)
    digest = hmac.new(secret.encode(), message, getattr(hashlib, sender.algorithm)).digest()
    wanted = digest.hex() if sender.encoding == "hex" else base64.b64encode(digest).decode()
    found = given.removeprefix(sender.prefix)
    if sender.encoding == "hex":
        found = found.lower()
    if not hmac.compare_digest(found.encode(), wanted.encode()):
        raise Problem("webhook_wrong_signature", system=system)
    if sender.timestamp_header and not _is_recent(stamp, sender, now):
        raise Problem("webhook_too_old", system=system, seconds=sender.tolerance_seconds)


def read_events(body: bytes, config: WebhookEvents, rows: Rows, system: str, object_name: str) -> list[Event]:
    """The records a body speaks of. `rows`: how the object's reads take a record.

    Raises Problem `webhook_unreadable` if the body is no JSON, has no record, or a record has no key.
    """
    try:
        data = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise _unreadable(system, object_name, "JSON") from error
    found = data if config.records == "" else value_at(data, config.records)
    records = found if isinstance(found, list) else [found]
    if not records or not all(isinstance(record, dict) for record in records):
        raise _unreadable(system, object_name, config.records or "{}")
    given = as_text(value_at(data, config.id)) if config.id else None
    base = given or hashlib.sha256(body).hexdigest()
    events = []
    for number, record in enumerate(records):
        row = next(rows.read(record))
        if isinstance(row, Refused) and row.reason == "mes_item_no_key":
            raise _unreadable(system, object_name, "key")
        deleted = (isinstance(row, Item) and row.deleted) or any(
            as_text(value_at(record, path)) in {as_text(value) for value in values}
            for path, values in config.deleted.items()
        )
        events.append(Event(f"{base}#{number}", rows.key_of(record), rows.stamp(record), deleted, record))
    return events


def _is_recent(stamp: str | None, sender: WebhookSender, now: float) -> bool:
    try:
        seconds = float(stamp or "") / (1000 if sender.timestamp_unit == "ms" else 1)
    except ValueError:
        return False
    return abs(now - seconds) <= sender.tolerance_seconds


def _unreadable(system: str, object_name: str, what: str) -> Problem:
    return Problem("webhook_unreadable", system=system, object=object_name, what=what)
