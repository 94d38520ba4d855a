"""The GX suite of a contract: real Great Expectations loads the JSON and runs it."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from hub.contracts.gx_suite import suite_json
from schemas.loader import code_lists, contracts
from tests.hub.contracts.small import CODES, LINE


@pytest.mark.parametrize("entity", sorted(contracts()))
def test_great_expectations_loads_every_suite(entity: str) -> None:
    import great_expectations as gx

    contract = contracts()[entity]
    document = json.loads(suite_json(contract, code_lists()))
    suite = gx.ExpectationSuite(**document)
    inside = {expectation.meta["rule"] for expectation in suite.expectations}
    assert inside
    outside = document["meta"]["waterworks"]["not_in_this_suite"]
    assert inside.isdisjoint(outside)
    assert inside | set(outside) == {rule.id for rule in contract.rules}


def test_great_expectations_finds_what_is_wrong() -> None:
    import great_expectations as gx

    suite = gx.ExpectationSuite(**json.loads(suite_json(LINE, CODES)))
    context = gx.get_context(mode="ephemeral")
    rows = pd.DataFrame({column.name: pd.Series([None, None], dtype=object) for column in LINE.columns})
    rows["line_code"], rows["unit_code"], rows["qty"] = ["A-1", "A-2"], ["KG", "公斤"], [1.0, 2000.0]
    batch = (
        context.data_sources.add_pandas("rows").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("b")
    )
    result = batch.get_batch({"dataframe": rows}).validate(suite)
    failed = {entry.expectation_config.meta["rule"] for entry in result.results if not entry.success}
    assert {"line.unit_in_list", "line.qty_range"} <= failed
    assert "line.code_unique" not in failed
