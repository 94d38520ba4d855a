"""The small factory of the landing tests, with suggestions to decide on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from stdnum.cn.uscc import calc_check_digit

from hub.landing.dataset import all_mappings
from hub.quality.sets.surroundings import Surroundings
from hub.settings import settings
from hub.store.engine import connect
from hub.suggestions import decide
from hub.suggestions.refresh import refresh
from schemas.loader import code_lists, contracts
from tests.hub.landing.conftest import Factory, factory

__all__ = ["factory"]

NUMBER = "91320500000000001"
NUMBER += calc_check_digit(NUMBER)
MOJIBAKE, MEANT = "涓婃捣", "上海"


@dataclass
class Desk:
    """Where people decide: the factory, its store, and the publish step that finds suggestions."""

    factory: Factory

    def publish(self) -> int:
        with connect() as connection:
            return refresh(connection, Surroundings(contracts(), mappings=all_mappings(), codes=code_lists()))

    def sync(self) -> None:
        assert self.factory.sync().status == "ok"
        self.publish()

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.factory.rows(query, *parameters)

    def suggestion(self, rule: str) -> int:
        return self.rows("select id from quality.suggestion where rule = %s and status = 'open'", rule)[0][0]

    def accept(self, suggestion_id: int, who: str = "li") -> decide.Accepted:
        with connect() as connection:
            return decide.accept(connection, suggestion_id, who, settings().landing)

    def correct(self, key: str, column: str, value: str | None, who: str = "li") -> int:
        with connect() as connection:
            return decide.correct(
                connection, "k3.customer", key, column, value, who, "by the licence", settings().landing
            )

    def name(self, key: str) -> tuple[str | None, list[tuple[str, str | None, str]]]:
        """(the stored name, what is told about it: raw text, value, rule)."""
        ((name,),) = self.rows("select customer_name from core.customer where _source_key = %s", key)
        told = self.rows(
            "select raw_value, value, rule from quality.value_change"
            " where source_key = %s and column_name = 'customer_name'", key,
        )  # fmt: skip
        return name, told


@pytest.fixture
def desk(factory: Factory) -> Desk:
    """Two customers whose names were decoded wrongly, and one of two namesakes without its credit code."""
    factory.erp_sql("update t_Organization set FName = ? where FItemID in (5, 6)", MOJIBAKE)
    factory.erp_sql("update t_Organization set FName = '苏州恒力机械有限公司' where FItemID in (7, 8)")
    factory.erp_sql("update t_Organization set FTaxNum = ? where FItemID = 7", NUMBER)
    desk = Desk(factory)
    desk.sync()
    return desk
