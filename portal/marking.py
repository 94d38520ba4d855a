"""Workbooks the portal hands out: the corrected copy of an upload, the blank template.

Belongs here: wording of marks and calling the connector. Not here: writing workbooks (connectors/excel).
"""

from __future__ import annotations
