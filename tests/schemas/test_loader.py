"""Broken contracts, mappings and code lists are refused with file, line and what is allowed."""

import pytest

from schemas.loader import code_lists, contracts, fingerprint, mappings
from schemas.problems import Problem

CUSTOMER = "contracts/customer.odcs.yaml"
MAPPING = "mappings/workbooks.customer_list.yaml"
TITLE = "- {property: title, value: {zh: 缺少客户编码, en: Customer code is missing}}"

BROKEN = [
    # file, old, new, code, line counted from the line of `old`, words that must be in the sentence
    (CUSTOMER, "{kind: required}", "{kind: requird}", "rule_unknown_kind", 0, ["requird", "checksum"]),
    (CUSTOMER, "value: code}", "value: kode}", "schema_not_allowed", 0, ["kode", "material_code"]),
    (CUSTOMER, TITLE, "", "schema_missing_key", None, ["title"]),
    (CUSTOMER, "{zh: 缺少客户编码, en: Customer code is missing}", "{zh: 缺少}", "schema_two_languages", 0, ["title"]),
    (CUSTOMER, "algorithm: uscc", "algorithm: luhn", "schema_not_allowed", 0, ["luhn", "uscc"]),
    (CUSTOMER, "algorithm: uscc", "algorithm: uscc, mod: 3", "rule_unknown_argument", 0, ["mod", "algorithm"]),
    (CUSTOMER, ", algorithm: uscc", "", "rule_missing_argument", 0, ["algorithm", "uscc_valid"]),
    (CUSTOMER, "max: 60", "max: sixty", "rule_wrong_argument", 0, ["sixty", "0, 1, 2"]),
    (CUSTOMER, "columns: [customer_code]", "columns: [code]", "rule_unknown_column", 0, ["'code'", "customer_code"]),
    (CUSTOMER, "severity: error", "severity: fatal", "schema_not_allowed", 0, ["fatal", "warning"]),
    (CUSTOMER, "dimension: completeness", "dimension: beauty", "schema_not_allowed", 0, ["beauty", "uniqueness"]),
    (CUSTOMER, "physicalType: text", "physicalType: varchar", "schema_not_allowed", 0, ["varchar", "numeric(20,6)"]),
    (CUSTOMER, "logicalType: string", "logicalType: number", "schema_not_allowed", 0, ["number", "string"]),
    (CUSTOMER, "name: sales", "name: nobody", "schema_not_allowed", 0, ["nobody", "purchasing"]),
    (CUSTOMER, "apiVersion: v3.1.0", "apiVersion: v2.2.2", "schema_not_allowed", 0, ["v2.2.2", "v3.1.0"]),
    (CUSTOMER, "name: short_name", "name: customer_name", "schema_twice", 0, ["customer_name"]),
    (CUSTOMER, "id: uscc_valid", "id: uscc_required", "schema_twice", 0, ["uscc_required"]),
    (CUSTOMER, "- {property: unit, value: CNY}", "- {property: units, value: CNY}", "schema_unknown_key", 0, ["units"]),
    (CUSTOMER, "    physicalName: core.customer", "\t  physicalName: x", "yaml_broken", 0, []),
    ("contracts/bom.odcs.yaml", "- id: parent_known", "- id: code_required", "schema_twice", 0, ["bom.code_required"]),
    (MAPPING, "customer_name:", "customer_nam:", "mapping_unknown_column", 0, ["customer_nam", "short_name"]),
    (MAPPING, "entity: customer", "entity: client", "schema_not_allowed", 0, ["client", "customer"]),
    (MAPPING, "department: sales", "department: marketing", "schema_not_allowed", 0, ["marketing", "sales"]),
    (MAPPING, "factor: 10000", "factor: ten", "mapping_factor", 0, ["ten", "credit_limit_cny"]),
    (MAPPING, "factor: 10000", "faktor: 10000", "schema_unknown_key", 0, ["faktor", "factor"]),
    (MAPPING, "  customer_code: 客户编码\n", "", "mapping_without_key", -1, ["customer_code"]),
    (MAPPING, "dataset: workbooks.customer_list", "dataset: workbooks.clients", "mapping_file_name", 0, ["clients"]),
    ("mappings/k3.material.yaml", '"1": purchased', '"1": bought', "schema_not_allowed", 0, ["bought", "purchased"]),
    ("mappings/workbooks.standard_cost.yaml", "{value: standard}", "{source: A, value: standard}",
     "mapping_source_or_value", 0, ["cost_type"]),
    ("codes/unit.yaml", "aliases: [g, gr, 公克]", "aliases: [g, 公斤]", "code_alias_twice", 0, ["公斤", "KG", "G"]),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "code", "offset", "words"), BROKEN, ids=[b[3] + b[2] for b in BROKEN])
def test_mistakes_name_file_line_and_what_is_allowed(copy, file, old, new, code, offset, words):
    line = copy.replace(file, old, new)
    with pytest.raises(Problem) as caught:
        mappings(copy.root)
    problem = caught.value
    assert problem.code == code, problem
    for language in ("zh", "en"):
        sentence = problem.text(language)
        assert str(copy.root / file) in sentence
        if offset is not None:
            assert problem.params["line"] == line + offset, sentence
        for word in words:
            assert word in sentence or language == "zh"


def test_reference_to_nowhere_is_refused(copy):
    copy.replace("contracts/bom.odcs.yaml", "to: material.material_code, sources", "to: material.code, sources")
    with pytest.raises(Problem) as caught:
        contracts(copy.root)
    assert caught.value.code == "rule_unknown_reference"
    assert "material.code" in caught.value.text("en")


def test_an_empty_folder_is_a_mistake(tmp_path):
    with pytest.raises(Problem) as caught:
        code_lists(tmp_path)
    assert caught.value.code == "schema_folder_empty"


def test_fingerprint_changes_with_rules_mapping_and_codes_but_not_with_comments(copy):
    def now() -> str:
        for cached in (code_lists, contracts, mappings):
            cached.cache_clear()
        mapping = mappings(copy.root)["k3.material"]
        return fingerprint(contracts(copy.root)["material"], mapping, copy.root)

    seen = [now()]
    copy.replace("mappings/k3.material.yaml", "columns:", "# a remark\ncolumns:")
    assert now() == seen[0]
    for file, old, new in (
        ("contracts/material.odcs.yaml", "min_digits: 8", "min_digits: 7"),
        ("mappings/k3.material.yaml", '"5": phantom', '"5": configured'),
        ("codes/unit.yaml", "[m, meter, 公尺]", "[m, meter, 公尺, metres]"),
    ):
        copy.replace(file, old, new)
        seen.append(now())
    assert len(set(seen)) == 4
    copy.replace("codes/order_status.yaml", "草稿", "稿")
    assert now() == seen[-1], "a code list the material does not use must not count"
    copy.replace("contracts/customer.odcs.yaml", "max: 60", "max: 61")
    assert now() == seen[-1]
