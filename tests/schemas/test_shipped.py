"""The shipped contracts, mappings, code lists and source definitions agree with each other."""

import json
import re
from importlib.resources import files

import jsonschema
import pytest
import yaml

from connectors.config import load_systems
from hub.cleansing.codes import lookup
from schemas.code_loader import fold
from schemas.loader import SCHEMAS, code_lists, contracts, mappings
from schemas.rule_kinds import KINDS
from schemas.template_loader import templates

CONTRACTS = sorted((SCHEMAS / "contracts").glob("*.yaml"))
CJK = re.compile("[\u4e00-\u9fff]")
ENTITIES = {
    "bom",
    "customer",
    "employee",
    "equipment",
    "lot_consumption",
    "material",
    "material_lot",
    "production_report",
    "sales_order",
    "standard_cost",
    "stock_document",
    "supplier",
    "work_order",
}


def plain(path):
    """The file as any YAML 1.1 reader sees it, which is how other ODCS tools read it."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def odcs_schema():
    return json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_contract_is_valid_odcs(path):
    """By the official JSON schema of the installed package (3.2.0, which also covers apiVersion v3.1.0)."""
    schema = odcs_schema()
    assert "v3.1.0" in schema["properties"]["apiVersion"]["enum"]
    errors = list(jsonschema.Draft201909Validator(schema).iter_errors(plain(path)))
    assert not errors, [f"{error.json_path}: {error.message}" for error in errors]


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_contract_uses_nothing_newer_than_odcs_3_1(path):
    document = plain(path)
    assert document["apiVersion"] == "v3.1.0"
    newer = {"semanticType", "enum", "synonyms", "context", "vendor", "deprecated", "valueExt"}

    def keys(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                # values of customProperties and rule arguments are ours
                if key not in {"value", "implementation"}:
                    yield key
                    yield from keys(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from keys(inner)

    assert not newer & set(keys(document))


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_standard_fields_say_the_same_as_our_english(path):
    """businessName and businessImpact are what other ODCS tools show; they must not drift from en."""

    def custom(owner):
        return {entry["property"]: entry["value"] for entry in owner["customProperties"]}

    (table,) = plain(path)["schema"]
    assert table["businessName"] == custom(table)["title"]["en"]
    for owner in (table, *table["properties"]):
        assert owner["businessName"] == custom(owner)["title"]["en"]
        assert owner["description"] == custom(owner)["description"]["en"]
        for rule in owner.get("quality", []):
            assert rule["businessImpact"] == custom(rule)["why"]["en"], rule["id"]


def test_all_entities_are_there_with_enough_rules():
    assert set(contracts()) == ENTITIES
    for entity, contract in contracts().items():
        assert len(contract.rules) >= (4 if entity in {"equipment", "employee"} else 6), entity
        assert all(column in {c.name for c in contract.columns} for column in contract.business_key)


def test_every_text_is_in_both_languages_and_speaks_plainly():
    for contract in contracts().values():
        texts = [contract.title, contract.description, *(column.title for column in contract.columns)]
        texts += [column.description for column in contract.columns]
        texts += [text for rule in contract.rules for text in (rule.title, rule.why, rule.fix)]
        for text in texts:
            assert CJK.search(text.zh) or text.zh == "ERP 单号", text.zh
            assert not CJK.search(text.en), text.en
            assert not re.search("异常|非法|失败代码", text.zh), text.zh
    for rule in (rule for contract in contracts().values() for rule in contract.rules):
        assert "请" in rule.fix.zh, rule.id
        assert rule.why.zh != rule.title.zh, rule.id


def test_rule_ids_are_unique_and_scopes_fit():
    rules = [rule for contract in contracts().values() for rule in contract.rules]
    assert len({rule.id for rule in rules}) == len(rules)
    assert {rule.kind for rule in rules} <= set(KINDS)
    assert all(rule.severity == "error" for rule in rules if rule.hold)


def test_texts_have_a_length_and_examples_fit_it():
    for contract in contracts().values():
        for column in contract.columns:
            assert (column.max_length is not None) == (column.type == "string"), f"{contract.entity}.{column.name}"
            assert len(column.example or "") <= (column.max_length or 4000)
            if column.code_list:
                codes = [entry.code for entry in code_lists()[column.code_list].codes]
                assert max(map(len, codes)) <= column.max_length


def test_a_foreign_key_is_as_long_as_its_target():
    for contract in contracts().values():
        for column in contract.columns:
            if column.references:
                target = contracts()[column.references.entity].column(column.references.column)
                assert (column.type, column.max_length) == (target.type, target.max_length), column.name
                assert any(rule.kind == "reference" and rule.column == column.name for rule in contract.rules)


def test_a_header_means_one_column_of_an_entity():
    for contract in contracts().values():
        owner = {}
        for column in contract.columns:
            for word in (column.title.zh, column.title.en, *column.synonyms):
                assert owner.setdefault(fold(word), column.name) == column.name, f"{contract.entity}: {word}"


@pytest.mark.parametrize(
    ("entity", "column", "words"),
    [
        ("material", "material_code", ["物料代码", "料号", "存货编码", "品号", "cInvCode", "FNumber"]),
        ("customer", "customer_code", ["客户代码", "购货单位编码", "cCusCode"]),
        ("supplier", "supplier_name", ["供货单位", "厂商名称", "cVenName"]),
        ("work_order", "work_order_code", ["生产任务单号", "生产订单号", "制令单号"]),
        ("stock_document", "moved_qty", ["实收数量", "实发数量"]),
        ("standard_cost", "supplier_code", ["厂商编号"]),
    ],
)
def test_headers_of_kingdee_yonyou_and_people_are_known(entity, column, words):
    assert set(words) <= set(contracts()[entity].column(column).synonyms)


def test_a_required_column_is_checked_to_be_there():
    for contract in contracts().values():
        checked = {rule.column for rule in contract.rules if rule.kind == "required" and rule.where is None}
        assert {column.name for column in contract.columns if column.required} <= checked, contract.entity


def test_service_levels_are_hours():
    for contract in contracts().values():
        assert contract.sla["frequency"] == 24
        assert contract.sla["latency"] > contract.sla["frequency"], "a nightly read takes some time itself"
        assert contract.sla["schedule"]


def test_columns_that_can_be_unreadable_have_a_rule_for_it():
    for contract in contracts().values():
        told = {rule.column for rule in contract.rules if rule.kind in {"readable", "in_list"}}
        for column in contract.columns:
            unsure = column.type in {"decimal", "date", "timestamp"} or column.standard in {"unit", "code_list"}
            constant = column.name == "cost_type"
            assert column.name in told or not unsure or constant, f"{contract.entity}.{column.name}"


def test_sources_have_mappings_and_mappings_have_sources():
    configured = {f"{name}.{item}" for name, system in load_systems().items() for item in system.objects}
    assert configured == set(mappings())


def test_every_mapped_source_column_is_read():
    for system_name, system in load_systems().items():
        for name, table in system.erp_tables.items():
            read = {*table.columns, *(column for join in table.joins for column in join.columns)}
            _assert_read(f"{system_name}.{name}", read)
        for name, endpoint in system.mes_endpoints.items():
            _assert_read(f"{system_name}.{name}", set(endpoint.columns))
        for name, workbook in system.workbooks.items():
            _assert_read(f"{system_name}.{name}", {c.source for c in templates()[workbook.template].columns})


def _assert_read(dataset, read):
    for entry in mappings()[dataset].columns:
        assert entry.source is None or entry.source in read, f"{dataset}: {entry.source}"
        assert entry.fallback is None or entry.fallback in read, f"{dataset}: {entry.fallback}"


def test_templates_and_mappings_lead_to_the_same_columns():
    for template in templates().values():
        mapping = mappings()[template.dataset]
        by_source = {entry.source: entry.column for entry in mapping.columns if entry.source}
        assert mapping.entity == template.entity
        assert mapping.department == template.department
        assert by_source == {column.source: column.column for column in template.columns if column.column}


def test_code_spellings_are_unambiguous_for_the_standardiser():
    for codes in code_lists().values():
        spellings = lookup(codes)
        for entry in codes.codes:
            for spelling in (entry.code, entry.title.zh, entry.title.en, *entry.aliases):
                assert lookup_one(spellings, spelling) == entry.code, f"{codes.name}: {spelling}"


def lookup_one(spellings, spelling):
    from hub.cleansing.codes import listed

    return listed(spelling, spellings).value


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("公斤", "KG"),
        ("千 克", "KG"),
        ("ｋｇ", "KG"),
        ("㎏", "KG"),
        ("件", "PCS"),
        ("只", "PCS"),
        ("米", "M"),
        ("t", "T"),
    ],
)
def test_spellings_met_in_the_wild_are_known(spelling, code):
    assert lookup_one(lookup(code_lists()["unit"]), spelling) == code
