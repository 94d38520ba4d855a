"""Secrets kept out of every text that leaves the connector: sentences, logs, exceptions.

Belongs here: remembering secrets, blanking them; the filter on the HTTP library's log.
Does not belong here: deciding what is said.
"""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 4  # shorter values ("hub", "01") are no secrets worth blanking, and would blank half the text
_QUERY = re.compile(r"\?[^\s'\")]*")


class Redactor:
    """The secrets of one conversation."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, value: Any) -> None:
        """Remember one secret, also as it looks in a URL."""
        text = str(value) if value is not None else ""
        if len(text) >= SHORTEST:
            self._secrets |= {text, quote(text, safe=""), quote_plus(text)}

    def clean(self, text: str) -> str:
        """The text without any secret and without the query of a URL, longest secret first."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return _QUERY.sub("?***", text) if "://" in text else text


class _WithoutQueries(logging.Filter):
    """urllib3 writes every URL with its query, so the token too, at level DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_QUERY.sub("?***", arg) if isinstance(arg, str) else arg for arg in record.args)
        if isinstance(record.msg, str) and "?" in record.msg:
            record.msg = _QUERY.sub("?***", record.msg)
        return True


def quiet_http_log() -> None:
    """Put the filter on the HTTP library's loggers, once per process."""
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logger = logging.getLogger(name)
        if not any(isinstance(found, _WithoutQueries) for found in logger.filters):
            logger.addFilter(_WithoutQueries())
