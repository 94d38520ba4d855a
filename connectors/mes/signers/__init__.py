"""Signatures of requests, one small plug-in each, by name.

A signer is a module with `wrong(values)` (what is missing in its `values`, as a sentence, or None) and
`sign(request, values)` (what to add to the request). It sees values with secrets filled in and keeps none.
A new one is a module here, a line in `SIGNERS` and a test vector that was not computed by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.mes.signers import hmac_template, kingdee_galaxy, yonyou
from connectors.mes.signers.request import Addition, ToSign

__all__ = ["SIGNERS", "Addition", "Signer", "ToSign"]


@dataclass(frozen=True)
class Signer:
    wrong: Callable[[dict[str, Any]], str | None]
    sign: Callable[[ToSign, dict[str, Any]], Addition]


SIGNERS: dict[str, Signer] = {
    "hmac": Signer(hmac_template.wrong, hmac_template.sign),
    "kingdee_galaxy": Signer(kingdee_galaxy.wrong, kingdee_galaxy.sign),
    "yonyou": Signer(yonyou.wrong, yonyou.sign),
}
