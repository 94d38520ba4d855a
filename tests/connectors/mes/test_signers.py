"""Signatures against vectors that were not made by this code.

kingdee: the expectation published in the test of a public Go client (same inputs). yonyou and hmac:
`printf '<message>' | openssl dgst -sha256 -hmac '<key>' -binary | base64` (without -binary: hex).
"""

from __future__ import annotations

import pytest

from connectors.mes.config import MesSign
from connectors.mes.signers import SIGNERS, ToSign

KINGDEE_PATH = "/K3Cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc"
KINGDEE = {
    "app_id": "123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4",
    "app_secret": "test-app-secret-value",
    "acct_id": "dcid-1",
    "user": "user-1",
    "org": 100,
}


def test_kingdee_galaxy() -> None:
    request = ToSign("POST", KINGDEE_PATH, {}, b"{}", 1_700_000_000_000, "1700000000")
    headers = SIGNERS["kingdee_galaxy"].sign(request, KINGDEE).headers
    assert headers == {
        "X-Api-ClientID": "123456",
        "X-Api-Auth-Version": "2.0",
        "x-api-timestamp": "1700000000",
        "x-api-nonce": "1700000000",
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "X-Api-Signature": ("MjNhMzg5MmZiMWE1MTQ1ZGE5NWFkYmZiZWYxYzhlY2NjNzcwM2ZjNDJlZTczMzBhNzkxOTk1ODhjNDZkMTEzYw=="),
        "X-Kd-Appkey": "123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4",
        "X-Kd-Appdata": "ZGNpZC0xLHVzZXItMSwyMDUyLDEwMA==",
        "X-Kd-Signature": ("NjI5MzRiZGVhNGJhOWY2N2Y2YzQ2MzQ5ODA3N2JiZTRiMDRmOTUwNjI3YWIzODU1ODBkZDdhNzgwMzdmMDgxMg=="),
    }


def test_kingdee_galaxy_without_a_gateway_part() -> None:
    request = ToSign("POST", KINGDEE_PATH, {}, b"", 1_700_000_000_000, "n")
    headers = SIGNERS["kingdee_galaxy"].sign(request, KINGDEE | {"app_id": "plain"}).headers
    assert set(headers) == {"X-Kd-Appkey", "X-Kd-Appdata", "X-Kd-Signature"}


def test_yonyou() -> None:
    # printf 'appKeydemo-keytimestamp1700000000000' | openssl dgst -sha256 -hmac 'demo-secret' -binary | base64
    request = ToSign("GET", "/x", {"timestamp": "1700000000000", "appKey": "demo-key"}, b"", 0, "")
    added = SIGNERS["yonyou"].sign(request, {"secret": "demo-secret"})
    assert added.query == {"signature": "59Kbct1cX8XWab5k8+QzJe6QVvV0WPMR6Rdf+ecxheo="}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        # printf 'GET\n/api/v1/lots\nlimit=10&offset=0\n1700000000\nn-1\n' | openssl dgst -sha256 -hmac 'k'
        ({"encoding": "hex"}, "2d45f951d32de32934f8a8d4a636c1f1a032fd46ec2b51d2795f5a2e320bffe8"),
        # the same with -sha1 -binary | base64
        ({"digest": "sha1"}, "e5yBVLdl+ghpUgZmoSw6z3lMvh4="),
    ],
)
def test_hmac_over_a_template(form: dict[str, str], expected: str) -> None:
    request = ToSign("GET", "/api/v1/lots", {"offset": "0", "limit": "10"}, b"", 1_700_000_000_123, "n-1")
    message = "{method}\n{path}\n{query}\n{timestamp}\n{nonce}\n"
    values = {"key": "k", "message": message, "name": "X-Sign", "headers": {"X-App": "{app}"}, "app": "a1"} | form
    added = SIGNERS["hmac"].sign(request, values)
    assert added.headers == {"X-Sign": expected, "X-App": "a1"}
    in_query = SIGNERS["hmac"].sign(request, values | {"place": "query"})
    assert in_query.query == {"X-Sign": expected}


@pytest.mark.parametrize(
    ("signer", "values", "said"),
    [
        ("rsa", {}, "known are hmac"),
        ("yonyou", {}, "lacks secret"),
        ("kingdee_galaxy", {"app_id": "x"}, "lacks app_secret, acct_id, user"),
        ("hmac", {"key": "k", "message": "{boddy}", "name": "s"}, "no value {boddy}"),
        ("hmac", {"key": "k", "message": "m", "name": "s", "digest": "crc"}, "digest is one of"),
    ],
)
def test_a_signature_that_cannot_be_made_is_refused_in_the_yaml(signer: str, values: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MesSign(signer=signer, values=values)
