"""Rules that cannot be right are refused: code of the sentence, the line it names, the words it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schemas.writing import contract, read, refusal

# (column or "" for the table, implementation, code, what stands on the named line, words of the English sentence)
ONE_RULE = [
    ("item_name", "{kind: requird}", "rule_unknown_kind", "kind: requird", ["'requird'", "kinds: required"]),
    ("item_name", "{kind: length, maximum: 5}", "rule_unknown_argument", "maximum", ["maximum", "takes: max"]),
    ("item_name", "{kind: length}", "rule_missing_argument", "kind: length", ["min / max"]),
    ("item_name", "{kind: pattern}", "rule_missing_argument", "kind: pattern", ["regex"]),
    ("item_name", "{kind: length, max: -1}", "rule_wrong_argument", "max: -1", ["-1"]),
    ("item_name", "{kind: length, max: 5.5}", "rule_wrong_argument", "max: 5.5", ["5.5"]),
    ("item_name", "{kind: length, max: true}", "rule_wrong_argument", "max: true", ["True"]),
    ("item_name", "{kind: pattern, regex: 5}", "rule_wrong_argument", "regex: 5", ["text"]),
    ("", "{kind: unique, column: item_code, columns: item_code}", "rule_wrong_argument", "columns", ["[..., ...]"]),
    ("", "{kind: unique, column: item_code, columns: []}", "rule_missing_argument", "kind: unique", ["columns"]),
    ("", "{kind: unique, column: item_code, columns: [item_code, itemname]}", "rule_unknown_column", "itemname",
     ["'itemname'", "Columns: item_name"]),
    ("", "{kind: unique, column: item_code, columns: [qty, qty]}", "schema_twice", "qty, qty", ["qty"]),
    ("", "{kind: unique, column: itm_code, columns: [item_code]}", "rule_unknown_column", "itm_code",
     ["Columns: item_code"]),
    ("", "{kind: required}", "schema_missing_key", "kind: required", ["column"]),
    ("item_name", "{kind: required, column: qty}", "rule_other_column", "column: qty", ["item_name", "qty"]),
    ("item_name", "{kind: range, min: 1}", "rule_column_type", "kind: range", ["string", "decimal"]),
    ("item_name", "{kind: sign, is: positive}", "rule_column_type", "kind: sign", ["item_name"]),
    ("item_name", "{kind: step, of: 5}", "rule_column_type", "kind: step", ["item_name"]),
    ("item_name", "{kind: outlier, by: [unit_code]}", "rule_column_type", "kind: outlier", ["item_name"]),
    ("qty", "{kind: pattern, regex: a}", "rule_column_type", "kind: pattern", ["decimal"]),
    ("qty", "{kind: checksum, algorithm: uscc}", "rule_column_type", "checksum", ["qty"]),
    ("is_active", "{kind: range, min: 0}", "rule_column_type", "kind: range", ["boolean"]),
    ("qty", "{kind: sign, is: plus}", "schema_not_allowed", "is: plus", ["plus", "not_negative"]),
    ("qty", "{kind: step, of: 0}", "rule_wrong_argument", "of: 0", ["> 0"]),
    ("qty", "{kind: step, of: many}", "rule_wrong_argument", "of: many", ["many"]),
    ("qty", "{kind: range, min: five}", "rule_wrong_argument", "min: five", ["five"]),
    ("made_on", "{kind: range, min: 5}", "rule_wrong_argument", "min: 5", ["2024-03-05"]),
    ("made_on", '{kind: range, max: "2024-02-30"}', "rule_wrong_argument", "2024-02-30", ["2024-02-30"]),
    ("made_on", "{kind: range, max: tomorrow}", "rule_wrong_argument", "tomorrow", ["today+30d"]),
    ("made_on", "{kind: ordered, before: made_on}", "rule_compares_itself", "before", ["itself"]),
    ("made_on", "{kind: ordered, before: qty}", "rule_not_comparable", "before: qty", ["date", "decimal"]),
    ("made_on", "{kind: ordered, before: used}", "rule_unknown_column", "before: used", ["Columns: used_at"]),
    ("tax_code", "{kind: checksum, algorithm: md5}", "schema_not_allowed", "md5", ["md5", "uscc"]),
    ("item_name", "{kind: format, of: fax}", "schema_not_allowed", "fax", ["fax", "mobile"]),
    ("item_name", "{kind: in_list}", "rule_missing_argument", "in_list", ["code_list / values"]),
    ("item_name", "{kind: in_list, code_list: units}", "schema_not_allowed", "units", ["units", "Allowed: unit"]),
    ("item_name", "{kind: in_list, values: []}", "rule_wrong_argument", "values", ["[]"]),
    ("item_name", "{kind: in_list, values: [a, a]}", "schema_twice", "values", ["'a'"]),
    ("made_on", "{kind: in_list, values: [abc]}", "rule_wrong_argument", "values", ["abc", "date"]),
    ("qty", "{kind: range, max: 1e38}", "rule_wrong_argument", "max: 1e38", ["1e38"]),
    ("qty", "{kind: range, min: .inf}", "rule_wrong_argument", "min: .inf", ["inf"]),
    ("unit_code", "{kind: in_list, values: [KG, kilo]}", "schema_not_allowed", "kilo", ["kilo", "KG"]),
    ("item_name", "{kind: disagreement, key: code}", "rule_unknown_column", "key: code", ["item_code"]),
    ("item_name", "{kind: determines, by: [tax]}", "rule_unknown_column", "by: [tax]", ["Columns: tax_code"]),
    # thresholds
    ("qty", '{kind: required, threshold: "101 %"}', "rule_threshold", "101", ["0 to 100"]),
    ("qty", "{kind: required, threshold: -1}", "rule_threshold", "-1", ["-1"]),
    ("qty", "{kind: required, threshold: 0.5}", "rule_threshold", "0.5", ["0.5"]),
    ("qty", "{kind: required, threshold: few}", "rule_threshold", "few", ["few"]),
    ("qty", "{kind: required, threshold: [1]}", "rule_threshold", "[1]", ["[1]"]),
    # foreign keys
    ("item_name", "{kind: reference, to: thing.item_code}", "rule_unknown_reference", "thing", ["item"]),
    ("item_name", "{kind: reference, to: item.code}", "rule_unknown_reference", "item.code", ["item.item_code"]),
    ("item_name", "{kind: reference, to: item}", "rule_unknown_reference", "to: item", ["item.item_code"]),
    ("qty", "{kind: reference, to: item.item_code}", "contract_reference_type", "item.item_code", ["decimal"]),
    # rules over several rows
    ("qty", "{kind: total, by: [unit_code], at_most: item.item_code}", "rule_target_no_number", "at_most", ["string"]),
    ("qty", "{kind: total, by: [unit_code], at_most: item.pieces, matching: [item.unit_code, item.tax_code]}",
     "rule_lists_unequal", "matching", ["'by'", "1 in all"]),
    ("qty", "{kind: total, by: [unit_code], at_most: item.pieces, matching: [item.unit]}", "rule_unknown_reference",
     "item.unit", ["item.unit_code"]),
    ("qty", "{kind: total, by: [unit_code], at_most: item.pieces, target_where: pices > 1}", "rule_unknown_column",
     "target_where", ["Columns: pieces"]),
    ("qty", "{kind: total, by: [unit_code], min: 3, max: 2}", "rule_empty_range", "min: 3", ["from 3 to 2"]),
    ("qty", "{kind: total, by: [unit_code]}", "rule_missing_argument", "total", ["at_most"]),
    ("item_code", "{kind: reference, to: item.item_code, also: [qty], also_to: [item.qty, item.pieces]}",
     "rule_lists_unequal", "also_to", ["'also'"]),
    ("", "{kind: freshness, threshold: 5}", "rule_threshold_dataset", "threshold", ["freshness"]),
    ("item_name", "{kind: freshness}", "rule_column_type", "freshness", ["timestamp"]),
    # regular expressions
    ("item_name", r"{kind: pattern, regex: '(?=a)b'}", "rule_regex_extra", "(?=a)", ["Look-around", "(?="]),
    ("item_name", r"{kind: pattern, regex: '(?<!a)b'}", "rule_regex_extra", "(?<!a)", ["(?<!"]),
    ("item_name", r"{kind: pattern, regex: '(a)\1'}", "rule_regex_extra", r"\1", ["back-references", r"\1"]),
    ("item_name", r"{kind: pattern, regex: '(?P<x>a)(?P=x)'}", "rule_regex_extra", "(?P=x)", ["(?P="]),
    ("item_name", r"{kind: pattern, regex: '(?>a)b'}", "rule_regex_extra", "(?>a)", ["(?>"]),
    ("item_name", r"{kind: pattern, regex: 'a++'}", "rule_regex_extra", "a++", ["possessive"]),
    ("item_name", r"{kind: pattern, regex: '(a'}", "rule_regex_broken", "(a", ["missing )"]),
    ("item_name", r"{kind: pattern, regex: '[z-a]'}", "rule_regex_broken", "[z-a]", ["z-a"]),
    ("item_name", r"{kind: pattern, regex: 'a{1001}'}", "rule_regex_large", "1001", ["1000"]),
    ("item_name", r"{kind: pattern, regex: '((a{99}){99}){99}'}", "rule_regex_large", "99", ["nest"]),
    ("item_name", "{kind: pattern, regex: " + "x" * 1001 + "}", "rule_regex_large", "xxx", ["1001"]),
    # what can never be kept
    ("qty", "{kind: range, min: 5, max: 4}", "rule_empty_range", "min: 5", ["from 5 to 4"]),
    ("qty", "{kind: range, min: 5, max: 5, exclusive: true}", "rule_empty_range", "min: 5", ["exclusive"]),
    ("made_on", '{kind: range, min: "2024-02-01", max: "2024-01-01"}', "rule_empty_range", "2024-02-01", ["2024"]),
    ("made_on", '{kind: range, min: today+2d, max: "today+1d"}', "rule_empty_range", "today+2d", ["today+1d"]),
    ("item_name", "{kind: length, min: 5, max: 4}", "rule_empty_range", "min: 5", ["from 5 to 4"]),
    ("item_name", "{kind: length, min: 41}", "rule_never_kept", "min: 41", ["<= 40"]),
    ("tax_code", "{kind: length, max: 17}", "rule_never_kept", "max: 17", ["18"]),
    ("unit_code", "{kind: pattern, regex: '[a-z]+'}", "rule_never_kept", "[a-z]+", ["unit_code", "KG"]),
    ("unit_code", "{kind: length, min: 90}", "rule_never_kept", "min: 90", ["unit_code"]),
    ("item_code", "{kind: pattern, regex: '[0-9]+'}", "rule_example_fails", "[0-9]+", ["A-1"]),
    ("item_code", "{kind: in_list, values: [B, C]}", "rule_example_fails", "values", ["A-1"]),
    ("qty", "{kind: range, min: 6}", "rule_example_fails", "min: 6", ["'5'"]),
    ("qty", "{kind: sign, is: negative}", "rule_example_fails", "negative", ["'5'"]),
    ("item_name", "{kind: required, where: item_name is null}", "rule_where_own_blank", "where", ["item_name"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "written", "code", "on", "words"), ONE_RULE, ids=[f"{r[2]}-{r[1][:60]}" for r in ONE_RULE]
)
def test_a_rule_that_cannot_be_right(
    tmp_path: Path, column: str, written: str, code: str, on: str, words: list[str]
) -> None:
    told = refusal(tmp_path, contract({column: [written]}))
    assert told.problem.code == code, told.problem
    assert on in told.line, (told.line, told.problem)
    for word in words:
        assert word in told.problem.text("en")


# (rules by column in the order of the file, code, what stands in the later rule)
PAIRS = [
    ({"qty": ["{kind: range, min: 0, max: 10}", "{kind: range, min: 0, max: 10}"]}, "rule_duplicate", []),
    ({"": ["{kind: unique, column: item_code, columns: [item_code, qty]}",
           "{kind: unique, column: qty, columns: [qty, item_code]}"]}, "rule_duplicate", []),
    ({"qty": ["{kind: required, where: pieces > 1}", "{kind: required, where: 'pieces  >  1'}"]}, "rule_duplicate", []),
    ({"pieces": ["{kind: range, max: 10}", "{kind: range, min: 11}"]}, "rule_ranges_disjoint", ["pieces"]),
    ({"pieces": ["{kind: range, min: 10}", "{kind: range, max: 10, exclusive: true}"]}, "rule_ranges_disjoint", []),
    ({"pieces": ["{kind: sign, is: positive}", "{kind: range, max: 0}"]}, "rule_ranges_disjoint", ["pieces"]),
    ({"pieces": ["{kind: range, min: 1}", "{kind: sign, is: not_positive}"]}, "rule_ranges_disjoint", []),
    ({"pieces": ["{kind: sign, is: positive}", "{kind: sign, is: negative}"]}, "rule_ranges_disjoint", []),
    ({"pieces": ["{kind: range, min: 11, max: 19}", "{kind: step, of: 10}"]}, "rule_ranges_disjoint", []),
    ({"made_on": ['{kind: range, max: "2020-01-01"}', '{kind: range, min: "2021-01-01"}']}, "rule_ranges_disjoint", []),
    ({"pieces": ["{kind: range, min: 5, where: qty > 1}", "{kind: range, max: 4, where: qty > 1}"]},
     "rule_ranges_disjoint", ["pieces"]),
    ({"made_on": ["{kind: ordered, before: used_at, strict: true}"], "used_at": ["{kind: ordered, before: made_on}"]},
     "rule_ranges_disjoint", ["used_at"]),
    ({"item_name": ["{kind: in_list, values: [a, b]}", "{kind: in_list, values: [c]}"]}, "rule_lists_disjoint", []),
    ({"item_name": ["{kind: in_list, values: [a, b]}", "{kind: pattern, regex: '[0-9]'}"]}, "rule_list_impossible",
     ["a, b"]),
    ({"item_name": ["{kind: pattern, regex: '[0-9]'}", "{kind: in_list, values: [a, b]}"]}, "rule_list_impossible", []),
    ({"item_name": ["{kind: length, min: 2}", "{kind: in_list, values: [a, b]}"]}, "rule_list_impossible", []),
    ({"item_name": ["{kind: required}", "{kind: expression, sql: item_name is null}"]}, "rule_required_and_blank",
     ["item_name"]),
    ({"item_name": ["{kind: required}", "{kind: expression, where: pieces = 1, sql: (item_name is null) and qty > 1}"]},
     "rule_required_and_blank", ["item_name"]),
    ({"item_name": ["{kind: expression, sql: item_name is null}", "{kind: required, where: pieces > 3}"]},
     "rule_required_and_blank", []),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "code", "words"), PAIRS)
def test_rules_that_contradict_or_repeat_each_other(
    tmp_path: Path, rules: dict[str, list[str]], code: str, words: list[str]
) -> None:
    told = refusal(tmp_path, contract(rules))
    assert told.problem.code == code, told.problem
    assert told.problem.params["rule"] == "item.r2"
    assert told.problem.params["other"] == "item.r1"
    assert told.problem.params["line"] > contract(rules).splitlines().index(told.line) - 1
    for word in words:
        assert word in told.problem.text("en")


FINE = [
    {"pieces": ["{kind: range, min: 5, where: qty > 1}", "{kind: range, max: 4, where: qty <= 1}"]},
    {"made_on": ["{kind: ordered, before: used_at}"], "used_at": ["{kind: ordered, before: made_on}"]},
    {"qty": ["{kind: range, min: 0, max: 10, where: pieces < 5}", "{kind: range, min: 20, where: pieces > 5}"]},
    {"qty": ['{kind: range, min: 0, threshold: "1 %"}'], "pieces": ["{kind: step, of: 0.5, threshold: 3}"]},
    {"made_on": ['{kind: range, min: today-10y, max: "today+30d"}', '{kind: range, min: "1990-01-01"}']},
    {"made_on": ["{kind: ordered, before: used_at}"], "qty": ["{kind: ordered, before: pieces, strict: true}"]},
    {"item_name": ["{kind: in_list, values: [a, b]}", "{kind: in_list, values: [b, c]}"]},
    {"item_name": ["{kind: required, where: qty > 1}", "{kind: expression, where: qty < 1, sql: item_name is null}"]},
    {"item_name": ["{kind: required}", "{kind: length, max: 9, where: item_name is not null}"]},
    {"item_name": ["{kind: required, where: pieces > 1}", "{kind: required, where: pieces < 0}"]},
    {"item_name": [r"{kind: pattern, regex: '[一-鿿]{2,10}(\([0-9]+\))?'}"]},
    {"unit_code": ["{kind: in_list}", "{kind: pattern, regex: '[A-Z0-9]+'}"]},
    {"qty": ["{kind: outlier, by: [unit_code], deviations: 3.5, at_least: 8}"]},
    {"": ["{kind: unique, column: item_name, columns: [item_name], ignoring: [width, case]}"]},
]  # fmt: skip


@pytest.mark.parametrize("rules", FINE)
def test_rules_that_can_be_kept_are_taken(tmp_path: Path, rules: dict[str, list[str]]) -> None:
    assert len(read(tmp_path, contract(rules)).rules) == sum(map(len, rules.values()))
