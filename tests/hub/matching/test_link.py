"""Clustering: what is joined, what must stay apart, and that order does not matter."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.matching.domains import DOMAINS, Key, company_keys, material_keys
from hub.matching.link import clusters

USCC = "91310000132209138H"


def _same(result, *records):
    return len({result[record][0] for record in records}) == 1


def test_equal_name_joins_and_says_why():
    result = clusters({("k3", "1"): [Key("name", "n")], ("mes", "1"): [Key("name", "n")]}, "uscc")
    assert result == {("k3", "1"): (("k3", "1"), "name"), ("mes", "1"): (("k3", "1"), "name")}


def test_two_different_identities_never_join_whatever_they_share():
    keys = {("k3", "1"): [Key("uscc", "X"), Key("name", "n")], ("k3", "2"): [Key("uscc", "Y"), Key("name", "n")]}
    assert not _same(clusters(keys, "uscc"), ("k3", "1"), ("k3", "2"))


def test_a_record_without_identity_does_not_guess_between_two():
    keys = {
        ("k3", "1"): [Key("uscc", "X"), Key("name", "n")],
        ("k3", "2"): [Key("uscc", "Y"), Key("name", "n")],
        ("mes", "1"): [Key("name", "n")],
    }
    assert clusters(keys, "uscc")[("mes", "1")] == (("mes", "1"), "alone")


def test_chain_over_name_and_identity():
    keys = {
        ("k3", "1"): [Key("uscc", "X"), Key("name", "old name")],
        ("mes", "1"): [Key("uscc", "X"), Key("name", "new name")],
        ("workbooks", "1"): [Key("name", "new name")],
    }
    assert _same(clusters(keys, "uscc"), *keys)


_RECORDS = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from("1234")),
    st.lists(
        st.builds(Key, st.sampled_from(["uscc", "name"]), st.sampled_from("XYZ")),
        max_size=2,
        unique_by=lambda k: k.kind,
    ),
    max_size=5,
)


@given(_RECORDS)
def test_order_does_not_matter_and_no_cluster_has_two_identities(keys):
    first = clusters(keys, "uscc")
    for order in list(permutations(keys))[:6]:
        assert clusters({record: keys[record] for record in order}, "uscc") == first
    for cluster in {cluster for cluster, _ in first.values()}:
        members = [record for record in keys if first[record][0] == cluster]
        assert len({key.key for record in members for key in keys[record] if key.kind == "uscc"}) <= 1


@pytest.mark.parametrize(
    ("name", "uscc", "kinds"),
    [
        ("上海宝钢（集团）有限公司", USCC, ["uscc", "name"]),
        ("上海宝钢（集团）有限公司", "not a code", ["name"]),
        ("上海宝钢（集团）有限公司", None, ["name"]),
        (None, USCC, ["uscc"]),
    ],
)
def test_company_keys(name, uscc, kinds):
    keys = company_keys("customer_name")({"customer_name": name, "uscc": uscc})
    assert [key.kind for key in keys] == kinds


def test_a_branch_is_a_thing_of_its_own():
    keys = company_keys("customer_name")
    head = keys({"customer_name": "上海宝钢集团有限公司", "uscc": USCC})
    branch = keys({"customer_name": "上海宝钢集团有限公司苏州分公司", "uscc": USCC})
    assert not set(head) & set(branch)


def test_material_codes_match_through_look_alikes_and_lost_zeros():
    assert material_keys({"material_code": "00123"}) == material_keys({"material_code": "123"})
    assert material_keys({"material_code": "A-1O2"}) == material_keys({"material_code": "A102"})
    assert material_keys({"material_code": None}) == []


def test_golden_id_prefixes_differ():
    assert len({domain.prefix for domain in DOMAINS}) == len(DOMAINS)
