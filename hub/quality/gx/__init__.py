"""Great Expectations as the standard form of our rules and results; never the engine that checks.

Belongs here: suites from contracts, our counts as validation results, Data Docs without internet.
Not here: deciding which rows fail (row_rules, set_rules). great_expectations takes seconds to
import, so it is imported inside the functions that need it.
"""

from hub.quality.gx.docs import publish, publish_data_docs
from hub.quality.gx.results import DatasetResult, RuleCount
from hub.quality.gx.suites import suite

__all__ = ["DatasetResult", "RuleCount", "publish", "publish_data_docs", "suite"]
