"""What a reply says about itself: worked, refused, busy, session lost.

Belongs here: pure functions over a reply and the configured envelope. Does not belong here: what to do
about it (`client.py`).
"""

from __future__ import annotations

from typing import Any

from connectors.mes.config import MesAuth, MesEnvelope, MesSign
from connectors.mes.paths import in_reply
from connectors.mes.transport import Reply


def is_text_failure(reply: Reply, envelope: MesEnvelope) -> bool:
    """True if the reply is a text that the envelope knows as a failure."""
    text = reply.payload if isinstance(reply.payload, str) else reply.text if reply.payload is None else ""
    return bool(text) and any(text.startswith(start) for start in envelope.failure_text)


def succeeded(reply: Reply, envelope: MesEnvelope) -> bool:
    """True if code, failure paths and text all say so; the HTTP code is judged where there is no other."""
    if reply.status >= 300 or is_text_failure(reply, envelope):
        return False
    for path in envelope.failure:
        if str(in_reply(reply.payload, reply.headers, path)).lower() == "false":
            return False
    if envelope.success is None:
        return True
    code = code_of(reply, envelope)
    return any((code is None) if value is None else (str(code) == str(value)) for value in envelope.success_values)


def code_of(reply: Reply, envelope: MesEnvelope) -> Any:
    return in_reply(reply.payload, reply.headers, envelope.success or "code")


def is_busy(reply: Reply, envelope: MesEnvelope) -> bool:
    """True if a refusal's code in the body means "too many requests"."""
    code = code_of(reply, envelope)
    return code is not None and not succeeded(reply, envelope) and str(code) in map(str, envelope.busy_values)


def is_lost(reply: Reply, auth: MesAuth | MesSign | None, envelope: MesEnvelope) -> bool:
    """True if the reply is a failure that says the session is over, by HTTP code, body code or words.

    Only a failure: a record may well contain the word "session".
    """
    lost = [str(value) for value in (auth.lost_status if auth else [401])]
    if str(reply.status) in lost:
        return True
    if succeeded(reply, envelope):
        return False
    if str(code_of(reply, envelope)) in lost:
        return True
    words = auth.lost_words if auth else []
    text = message_of(reply, envelope) + reply.text
    return any(word in text for word in words)


def message_of(reply: Reply, envelope: MesEnvelope) -> str:
    """The server's own words, at most 200 characters of them."""
    found: Any = None
    for path in envelope.message:
        found = in_reply(reply.payload, reply.headers, path)
        if found not in (None, "", []):
            break
    if found in (None, "", []):
        found = reply.payload if isinstance(reply.payload, str) else reply.text or f"HTTP {reply.status}"
    if isinstance(found, list):
        found = "; ".join(str(part.get("msg", part)) if isinstance(part, dict) else str(part) for part in found)
    return " ".join(str(found).split())[:200]
