"""Links from Dagster to what people read elsewhere. Read at run time: the portal's address may change."""

from __future__ import annotations

import os

import dagster as dg

from hub.settings import home


def data_docs() -> dg.MetadataValue:
    """The Data Docs: in the portal while it runs, else the files on disk."""
    if portal := os.environ.get("WATERWORKS_PORTAL_URL"):
        return dg.MetadataValue.url(f"{portal.rstrip('/')}/data-docs/index.html")
    return dg.MetadataValue.path(str(home() / "data_docs" / "index.html"))
