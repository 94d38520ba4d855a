"""What the store finds by comparing rows, and what a department's decisions change about it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from stdnum.cn.uscc import calc_check_digit

from hub.cleansing.standardise import standardise
from hub.landing.dataset import all_mappings, dataset, with_decisions
from hub.store.engine import connect
from hub.suggestions import decide
from hub.suggestions.for_file import for_page
from tests.hub.suggestions.conftest import MEANT, MOJIBAKE, NUMBER, Desk

pytestmark = pytest.mark.servers

OPEN = "select rule, raw_value, value, row_key from quality.suggestion where status = 'open' order by 1, 2, 4"


def test_a_code_missing_in_one_row_is_that_of_the_same_company_elsewhere(desk: Desk) -> None:
    assert ("depends.uscc", "", NUMBER, "8") in desk.rows(OPEN)


def test_two_companies_of_one_name_leave_it_open(desk: Desk) -> None:
    other = "91320500000000002"
    other += calc_check_digit(other)
    desk.factory.erp_sql(
        "update t_Organization set FName = '苏州恒力机械有限公司', FTaxNum = ? where FItemID = 9", other
    )
    desk.sync()
    assert [row for row in desk.rows(OPEN) if row[0] == "depends.uscc"] == []


def test_the_usual_name_of_a_credit_code_is_suggested_for_the_odd_one(desk: Desk) -> None:
    desk.factory.erp_sql("update t_Organization set FTaxNum = ? where FItemID in (8, 9)", NUMBER)
    desk.factory.erp_sql("update t_Organization set FName = '恒力机械' where FItemID = 9")
    desk.sync()
    found = [row for row in desk.rows(OPEN) if row[0] == "depends.name"]
    assert found == [("depends.name", "恒力机械", "苏州恒力机械有限公司", "")]


def test_nearly_all_rows_decide_on_a_spelling(desk: Desk) -> None:
    desk.factory.erp_sql("update t_Organization set FAddress = '苏州市 工业园区' where FItemID <= 24")
    desk.factory.erp_sql("update t_Organization set FAddress = '苏州市工业园区' where FItemID = 25")
    desk.sync()
    found = [row for row in desk.rows(OPEN) if row[0] == "spelling.majority"]
    assert found == [("spelling.majority", "苏州市工业园区", "苏州市 工业园区", "")]


def test_a_kind_that_a_department_keeps_dismissing_is_left_out(desk: Desk) -> None:
    for number in range(10, 25):
        desk.factory.erp_sql("update t_Organization set FName = ? where FItemID = ?", MOJIBAKE * number, number)
    desk.sync()
    ids = [row for (row,) in desk.rows("select id from quality.suggestion where rule = 'text.mojibake'")]
    with connect() as connection:
        for suggestion in ids[1:]:
            decide.dismiss(connection, suggestion, "li")
        connection.execute(  # as if it had done so for months
            "insert into quality.suggestion (dataset, entity, department, column_name, raw_value, value, rule,"
            " confidence, rows, status) select dataset, entity, department, column_name, 'was ' || n, value, rule,"
            " confidence, 0, 'dismissed' from quality.suggestion, generate_series(1, 30) n where id = %s",
            (ids[1],),
        )
    desk.publish()
    assert [row for row in desk.rows(OPEN) if row[0] == "text.mojibake"] == []


def test_repeating_the_search_changes_nothing(desk: Desk) -> None:
    before = desk.rows("select id, raw_value, value, rows, status, confidence from quality.suggestion order by id")
    assert before
    desk.publish()
    assert (
        desk.rows("select id, raw_value, value, rows, status, confidence from quality.suggestion order by id") == before
    )


def test_rows_of_a_file_get_the_same_suggestions_but_those_that_were_dismissed(desk: Desk) -> None:
    rows = pa.table(
        {
            "_key": ["a", "b"], "_row_no": pa.array([2, 3], pa.int64()), "客户编码": ["C1", "C2"],
            "客户名称": ["苏州恒力机械有限公司", MOJIBAKE], "统一社会信用代码": [None, None],
        }
    )  # fmt: skip
    about = dataset("uploads.customer_list", "P1")
    for entry in about.mapping.columns:
        if entry.source and entry.source not in rows.column_names:
            rows = rows.append_column(entry.source, pa.nulls(2, pa.string()))

    def suggested() -> list[tuple[str, str, str | None, str]]:
        with connect() as connection:
            now = with_decisions(connection, about)
            done = standardise(rows, now.mapping, now.contract, now.codes, now.decisions)
            found = for_page(connection, now, rows, done)
        return sorted((line["_key"], line["rule"], line["raw"], line["value"]) for line in found)

    assert suggested() == [("a", "depends.uscc", None, NUMBER), ("b", "text.mojibake", MOJIBAKE, MEANT)]
    with connect() as connection:
        decide.dismiss(connection, desk.suggestion("text.mojibake"), "li")
        connection.execute("update quality.suggestion set department = %s", (about.mapping.department,))
    assert suggested() == [("a", "depends.uscc", None, NUMBER)]


def test_what_the_department_accepted_elsewhere_is_suggested_for_the_same_text(desk: Desk) -> None:
    department = all_mappings()["k3.customer"].department
    with connect() as connection:
        decide.remember(
            connection, department, "supplier", "supplier_name", "苏州第10机械有限公司", "苏州第十机械有限公司",
            "name.tidied", "li", "k3.supplier",
        )  # fmt: skip
        decide.remember(
            connection, "another", "supplier", "supplier_name", "苏州第11机械有限公司", "苏州第十一机械有限公司",
            "name.tidied", "li", "k3.supplier",
        )  # fmt: skip
    desk.publish()
    found = [row for row in desk.rows(OPEN) if row[0] == "learned.text"]
    assert found == [("learned.text", "苏州第10机械有限公司", "苏州第十机械有限公司", "")]


def test_the_same_change_is_suggested_where_its_result_is_known(desk: Desk) -> None:
    desk.factory.erp_sql("update t_Organization set FName = '大通机械厂' where FItemID = 20")
    desk.factory.erp_sql("update t_Organization set FName = '大通机械有限公司' where FItemID = 21")
    desk.sync()
    with connect() as connection:
        department = all_mappings()["k3.customer"].department
        for name in ("恒力机械", "新源机械"):
            decide.remember(
                connection, department, "customer", "customer_name", f"{name}厂", f"{name}有限公司", "depends.name",
                "li", "k3.customer",
            )  # fmt: skip
    desk.publish()
    found = [row for row in desk.rows(OPEN) if row[0] == "learned.part"]
    assert found == [("learned.part", "大通机械厂", "大通机械有限公司", "")]


def test_a_text_that_could_not_be_read_is_found_by_its_finding(desk: Desk) -> None:
    """Its column is empty in the store; only the finding still has what the source said."""
    department = all_mappings()["k3.bom"].department
    with connect() as connection:
        decide.remember(
            connection, department, "material", "unit_code", "公金金", "KG", "code.nearest", "li", "k3.material"
        )
        connection.execute(
            "insert into quality.finding (rule, entity, dataset, department, source_key, column_name, source_column,"
            " value, severity, dimension, hold, first_load_id, last_load_id) values ('bom.unit_readable', 'bom',"
            " 'k3.bom', %s, '9', 'unit_code', 'FUnit', '公金金', 'warning', 'conformity', false, 1, 1)",
            (department,),
        )
    desk.publish()
    found = [row for row in desk.rows(OPEN) if row[0] == "learned.text"]
    assert found == [("learned.text", "公金金", "KG", "")]
