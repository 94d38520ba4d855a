"""The store's fixed tables (SQLAlchemy), by schema. Entity tables `core.<entity>` come from the contracts.

Belongs here: table definitions. Not here: queries, engine set-up, core tables (`core_tables.py`).
"""

from hub.store.models.base import SCHEMAS, Base
from hub.store.models.inputs import InputState, ReceivedFile, ReceivedMessage, RememberedHeader, VersionChange
from hub.store.models.mart import OpenWorkOrder, QualityScore
from hub.store.models.master import Crosswalk, GoldenRecord, MatchKey
from hub.store.models.ops import (
    Alert,
    CheckResult,
    Cursor,
    LandedFile,
    Lease,
    Load,
    SchemaChange,
    SourceFileStatus,
    SourceSchema,
    WebhookEvent,
)
from hub.store.models.people import Audit, Upload, UploadFinding, UserAccount, UserSession
from hub.store.models.quality import DeletedRow, Finding, HeldRow, RejectedRow, ValueChange

__all__ = [
    "SCHEMAS",
    "Alert",
    "Audit",
    "Base",
    "CheckResult",
    "Crosswalk",
    "Cursor",
    "DeletedRow",
    "Finding",
    "GoldenRecord",
    "HeldRow",
    "InputState",
    "LandedFile",
    "Lease",
    "Load",
    "MatchKey",
    "OpenWorkOrder",
    "QualityScore",
    "ReceivedFile",
    "ReceivedMessage",
    "RejectedRow",
    "RememberedHeader",
    "SchemaChange",
    "SourceFileStatus",
    "SourceSchema",
    "Upload",
    "UploadFinding",
    "UserAccount",
    "UserSession",
    "ValueChange",
    "VersionChange",
    "WebhookEvent",
]
