"""The store's fixed tables (SQLAlchemy), by schema. Entity tables `core.<entity>` come from the contracts.

Belongs here: table definitions. Not here: queries, engine set-up, core tables (`core_tables.py`).
"""

from hub.store.models.base import SCHEMAS, Base
from hub.store.models.inputs import InputState, ReceivedFile, ReceivedMessage, RememberedHeader, VersionChange
from hub.store.models.mart import DatasetDay, OpenWorkOrder, QualityScore
from hub.store.models.master import Crosswalk, GoldenRecord, MatchKey
from hub.store.models.ops import (
    Alert,
    CheckResult,
    Cursor,
    LandedFile,
    Lease,
    Load,
    PublishStep,
    SchemaChange,
    SourceFileStatus,
    SourceSchema,
    WebhookEvent,
)
from hub.store.models.people import Audit, Upload, UploadFinding, UserAccount, UserSession
from hub.store.models.quality import (
    Correction,
    DeletedRow,
    Finding,
    HeldRow,
    Issue,
    IssueEvent,
    RejectedRow,
    RememberedValue,
    RuleRun,
    RuleVersion,
    Suggestion,
    SuggestionRow,
    ValueChange,
)

__all__ = [
    "SCHEMAS",
    "Alert",
    "Audit",
    "Base",
    "CheckResult",
    "Correction",
    "Crosswalk",
    "Cursor",
    "DatasetDay",
    "DeletedRow",
    "Finding",
    "GoldenRecord",
    "HeldRow",
    "InputState",
    "Issue",
    "IssueEvent",
    "LandedFile",
    "Lease",
    "Load",
    "MatchKey",
    "OpenWorkOrder",
    "PublishStep",
    "QualityScore",
    "ReceivedFile",
    "ReceivedMessage",
    "RejectedRow",
    "RememberedHeader",
    "RememberedValue",
    "RuleRun",
    "RuleVersion",
    "SchemaChange",
    "SourceFileStatus",
    "SourceSchema",
    "Suggestion",
    "SuggestionRow",
    "Upload",
    "UploadFinding",
    "UserAccount",
    "UserSession",
    "ValueChange",
    "VersionChange",
    "WebhookEvent",
]
