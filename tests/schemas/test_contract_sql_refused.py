"""SQL in rules: what writes, holds several statements, is none, or names what is not there is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schemas.writing import contract, read, refusal


def block(kind: str, key: str, sql: str) -> str:
    """An implementation with the SQL in a literal block, as contracts write it."""
    lines = "".join(f"  {line}\n" for line in sql.splitlines())
    return f"kind: {kind}\ncolumn: item_code\n{key}: |-\n{lines}"


CONDITIONS = [
    # sql, code, what stands on the named line, words of the English sentence
    ("qty > 1 and\nqyt < 5", "rule_unknown_column", "qyt < 5", ["'qyt'", "Columns: qty"]),
    ("material.qty > 1", "rule_unknown_column", "material.qty", ["material.qty"]),
    ("_dataset = 'k3'", "rule_unknown_column", "_dataset", ["_dataset"]),
    ('"QTY" > 1', "rule_unknown_column", "QTY", ["QTY"]),
    ("qty > ) 1", "contract_sql_unreadable", "qty > )", [")"]),
    ("qty between 1 and", "contract_sql_unreadable", "between", ["brackets"]),
    ("'unfinished", "contract_sql_unreadable", "sql", ["unfinished"]),
    ("数量 大于 零", "contract_sql_unreadable", "sql", ["零"]),
    ("qty > 1; drop table core.item", "rule_sql_several", "drop", ["semicolon"]),
    ("qty > 1;", "rule_sql_several", "qty > 1;", ["semicolon"]),
    ("delete from core.item", "rule_sql_writes", "delete", ["DELETE"]),
    ("select qty > 1", "rule_sql_row_only", "sql", ["SELECT"]),
    ("exists (select 1 from core.item)", "rule_sql_row_only", "sql", ["SELECT"]),
    ("qty in (select pieces from core.item)", "rule_sql_row_only", "sql", ["SELECT"]),
    ("qty > 1 -- and so on", "rule_sql_comment", "sql", ["YAML"]),
    ("1 = 1", "rule_sql_no_column", "sql", ["no column"]),
    ("true", "rule_sql_no_column", "sql", ["no column"]),
    ("qty + 1", "rule_sql_unfit", "sql", ["not BOOLEAN"]),
    ("qty", "rule_sql_unfit", "sql", ["not BOOLEAN"]),
    ("qty + item_name > 1", "rule_sql_unfit", "sql", ["types"]),
    ("made_on > 5", "rule_sql_unfit", "sql", ["DATE"]),
    ("sum(qty) > 1", "rule_sql_unfit", "sql", ["aggregate"]),
    ("row_number() over (order by qty) = 1", "rule_sql_unfit", "sql", ["window"]),
    ("item_name ~ '(?=a)b'", "rule_sql_unfit", "sql", ["(?="]),
    ("pg_read_file(item_name) = 'x'", "rule_sql_function", "sql", ["pg_read_file"]),
    ("pg_sleep(qty) is null", "rule_sql_function", "sql", ["pg_sleep"]),
    ("random() < qty", "rule_sql_function", "sql", ["rand"]),
    ("levenshtein(item_name, item_code) < 3", "rule_sql_function", "sql", ["levenshtein"]),
    ("regexp_full_match(item_name, 'a')", "rule_sql_function", "sql", ["regexp_full_match"]),
    ("qty <> null", "rule_sql_null", "sql", ["is null"]),
    ("qty > ?", "rule_sql_unfit", "sql", ["parameters"]),
    ("qty > 1) or (qty < 2", "contract_sql_unreadable", "sql", [")"]),
    ("(" * 400 + "qty > 1" + ")" * 400, "contract_sql_unreadable", "sql", ["((("]),
    ("item_name = ‘甲’", "rule_unknown_column", "sql", ["‘甲’"]),
    ("lenth(item_name) < 5", "rule_sql_function", "sql", ["lenth"]),
]  # fmt: skip


@pytest.mark.parametrize("key", ["sql", "where"])
@pytest.mark.parametrize(("sql", "code", "on", "words"), CONDITIONS, ids=[row[0][:60] for row in CONDITIONS])
def test_a_condition_that_is_none(tmp_path: Path, key: str, sql: str, code: str, on: str, words: list[str]) -> None:
    written = block("expression" if key == "sql" else "required", key, sql)
    told = refusal(tmp_path, contract({"": [written]}))
    assert told.problem.code == code, told.problem
    assert (on if on != "sql" else f"{key}:") in told.line or (sql.count("\n") == 0 and sql in told.line)
    for word in words:
        assert word in told.problem.text("en")


@pytest.mark.parametrize(
    "sql",
    [
        "qty is null or\nqty <= pieces * 1.05",
        "made_on <= current_date",
        "item_name like 'A%' and length(item_name) between 2 and 9",
        "case when is_active then qty > 0 else true end",
        "is_active",
        "coalesce(unit_code, '') <> 'KG' or mod(qty, 1) >= 0",
        "QTY > 1",
        "used_at >= made_on",
        "item_name ~ '^[A-Z]+$'",
        "substring(item_code from 1 for 2) in ('A-', 'B-')",
    ],
)
def test_a_condition_over_one_row_is_taken(tmp_path: Path, sql: str) -> None:
    (found,) = read(tmp_path, contract({"": [block("expression", "sql", sql)]})).rules
    assert found.args["sql"] == sql
    (found,) = read(tmp_path, contract({"": [block("required", "where", sql)]})).rules
    assert found.where == sql


HEAD = "select _dataset, _source_key, qty from core.item"
QUERIES = [
    ("insert into core.item values (1)", "rule_sql_writes", ["INSERT"]),
    ("update core.item set qty = 1", "rule_sql_writes", ["UPDATE"]),
    ("delete from core.item", "rule_sql_writes", ["DELETE"]),
    ("merge into core.item using core.item as i on true when matched then delete", "rule_sql_writes", ["MERGE"]),
    ("truncate core.item", "rule_sql_writes", ["TRUNCATE"]),
    ("drop table core.item", "rule_sql_writes", ["DROP"]),
    ("create table x as select 1", "rule_sql_writes", ["CREATE"]),
    ("alter table core.item add x int", "rule_sql_writes", ["ALTER"]),
    ("copy core.item to program 'sh'", "rule_sql_writes", ["COPY"]),
    ("call tidy()", "rule_sql_writes", ["CALL"]),
    ("do $$ begin delete from core.item; end $$", "rule_sql_writes", ["DO"]),
    ("set role postgres", "rule_sql_writes", ["SET"]),
    ("explain select 1", "rule_sql_writes", ["EXPLAIN"]),
    ("grant all on core.item to public", "rule_sql_writes", ["GRANT"]),
    ("begin", "rule_sql_writes", ["BEGIN"]),
    ("/* harmless */ delete from core.item", "rule_sql_writes", ["DELETE"]),
    ("select _dataset, _source_key, qty into x from core.item", "rule_sql_writes", ["SELECT INTO"]),
    ("with gone as (delete from core.item returning *) select _dataset, _source_key, qty from gone", "rule_sql_writes",
     ["DELETE"]),
    (f"{HEAD} for update", "rule_sql_writes", ["FOR UPDATE"]),
    (f"{HEAD}; delete from core.item", "rule_sql_several", ["semicolon"]),
    (f"{HEAD};", "rule_sql_several", ["semicolon"]),
    ("qty > 5", "rule_sql_need_query", ["SELECT"]),
    ("values (1, 2, 3)", "rule_sql_need_query", ["SELECT"]),
    ("give me all bad rows", "rule_sql_need_query", ["SELECT"]),
    ("select from where", "contract_sql_unreadable", ["where"]),
    ("select * from core.item", "rule_sql_three_columns", ["(*)"]),
    ("select qty from core.item", "rule_sql_three_columns", ["(qty)"]),
    ("select _source_key, _dataset, qty from core.item", "rule_sql_three_columns", ["_source_key, _dataset, qty"]),
    ("select _dataset, _source_key, pg_read_file('x') from core.item", "rule_sql_function", ["pg_read_file"]),
    ("select _dataset, _source_key, pg_catalog.pg_ls_dir('x') from core.item", "rule_sql_function", ["pg_ls_dir"]),
    ("select _dataset, _source_key, dblink('x') from core.item", "rule_sql_function", ["dblink"]),
    ("select _dataset, _source_key, set_config('a', 'x', false) from core.item", "rule_sql_function", ["set_config"]),
    ("select _dataset, _source_key, lo_import('x') from core.item", "rule_sql_function", ["lo_import"]),
    ("select _dataset, _source_key, nextval('x') from core.item", "rule_sql_function", ["nextval"]),
    ("select _dataset, _source_key, x from read_csv('x')", "rule_sql_function", ["read_csv"]),
    ("select _dataset, _source_key, qty from '/etc/passwd'", "rule_sql_table", ["/etc/passwd"]),
    ("select _dataset, _source_key, x from core.item, dblink('x', 'y') as t(x int)", "rule_sql_function", ["dblink"]),
    ("select _dataset, _source_key, qty from core.items", "rule_sql_table", ["core.items", "may only read core.item"]),
    ("select _dataset, _source_key, qty from item", "rule_sql_table", ["core.item"]),
    ("select _dataset, _source_key, passwd from pg_catalog.pg_shadow", "rule_sql_table", ["pg_catalog.pg_shadow"]),
    ("select _dataset, _source_key, name from portal.account", "rule_sql_table", ["portal.account"]),
    ("select _dataset, _source_key, qyt from core.item", "rule_unknown_column", ["'qyt'", "Columns: qty"]),
    ("select i._dataset, i._source_key, i.qty from core.item as i where i.itemcode = 'x'", "rule_unknown_column",
     ["Columns: item_code"]),
    ("select i._dataset, i._source_key, i.qty from core.item as i\nwhere exists (\nselect from core.item as o\n"
     "where o.itemcode = 'x')", "rule_unknown_column", ["itemcode"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "code", "words"), QUERIES, ids=[row[0] for row in QUERIES])
def test_a_query_that_may_not_run(tmp_path: Path, sql: str, code: str, words: list[str]) -> None:
    told = refusal(tmp_path, contract({"": [block("set_expression", "sql", sql)]}))
    assert told.problem.code == code, told.problem
    assert "sql:" in told.line or told.line.strip() in sql
    for word in words:
        assert word in told.problem.text("en")
    if code == "rule_unknown_column":
        assert told.problem.params["column"] in told.line


def test_a_query_over_the_store_is_taken(tmp_path: Path) -> None:
    sql = """\
with total as (
  select unit_code, sum(qty) as sum_qty from core.item group by unit_code
)
select i._dataset, i._source_key, trim_scale(i.qty)::text as value
from core.item as i join total on total.unit_code = i.unit_code
where i.qty > total.sum_qty -- impossible
  and split_part(i._dataset, '.', 1) in (select name from source_system where kind = 'erp')
  and not exists (select from core.item as o where o.item_code = i.item_code and o._source_key <> i._source_key)
order by i._source_key"""
    (found,) = read(tmp_path, contract({"": [block("set_expression", "sql", sql)]})).rules
    assert found.args["sql"] == sql
