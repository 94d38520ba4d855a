"""Every preset against a server that speaks that vendor's API; the data of the presets themselves."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from connectors.config import read_systems
from connectors.config_models import SystemConfig
from connectors.mes.config import MesEndpointConfig
from connectors.mes.connector import MesConnector
from connectors.mes.presets import PRESETS_DIR, rest_presets
from connectors.mes.templates import environment_names
from schemas.loader import code_lists, contracts
from schemas.preset_mappings import preset_mappings
from schemas.problems import Problem
from tests.connectors.mes.api import Answer, connector, read, rows_of, serving
from tests.connectors.mes.vendors import APP_SECRET, Blacklake, Kingdee, Yonyou

BASE = 1_700_000_000_000
BLACKLAKE = {
    "WATERWORKS_API_APP_KEY": "key-1",
    "WATERWORKS_API_APP_SECRET": APP_SECRET,
    "WATERWORKS_API_FACTORY": "F01",
}
KINGDEE = {
    "WATERWORKS_API_APP_ID": Kingdee.APP_ID,
    "WATERWORKS_API_APP_SECRET": APP_SECRET,
    "WATERWORKS_API_ACCT_ID": "acct-1",
    "WATERWORKS_API_USER": "user-1",
}
YONYOU = {
    "WATERWORKS_API_TENANT": "tenant-1",
    "WATERWORKS_API_APP_KEY": "key-1",
    "WATERWORKS_API_APP_SECRET": APP_SECRET,
}


def order(number: int, **more: Any) -> dict[str, Any]:
    fields = [
        {"fieldCode": "cust_field1__c", "fieldValue": "x"},
        {"fieldCode": "cust_field21__c", "fieldValue": f"炉{number}"},
    ]
    return {
        "id": 2**60 + number,
        "workOrderCode": f"GD{number:04d}",
        "planAmount": {"amount": 786.3000000000002, "unitName": "PCS"},
        "status": {"code": 3, "message": "执行中"},
        "planStartTime": BASE + number,
        "customFields": fields,
        "updateTime": BASE + number,
        **more,
    }


def test_blacklake(caplog: pytest.LogCaptureFixture) -> None:
    api = Blacklake([order(number) for number in range(450)])
    endpoint = {
        "preset": "blacklake.work_order",
        "more_columns": {"heat": "customFields[fieldCode=cust_field21__c].fieldValue"},
    }
    with caplog.at_level(logging.DEBUG), serving(api.answer) as server:
        source = connector(server.url, endpoint, BLACKLAKE, preset="blacklake")
        pages = read(source)
        rows = rows_of(pages)
        assert server.connections <= 2  # the connection is kept
        api.tokens.clear()
        again = read(source, pages[-1].position)
    assert len(rows) == 450
    assert {name: rows[7][name] for name in ("id", "planAmount", "statusMessage", "planStartTime", "heat")} == {
        "id": str(2**60 + 7),
        "planAmount": "786.3000000000002",
        "statusMessage": "执行中",
        "planStartTime": BASE + 7,
        "heat": "炉7",
    }
    assert pages[-1].position == {"watermark": BASE + 449}
    assert len(rows_of(again)) == 450  # the overlap of ten minutes
    assert APP_SECRET not in caplog.text
    assert "canary-token" not in caplog.text


def test_blacklake_says_that_its_pages_are_too_large_and_smaller_ones_are_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = Blacklake([order(number) for number in range(450)])
    with serving(api.answer) as server:
        paging = {"page_size": 1000}
        source = connector(server.url, {"preset": "blacklake.work_order"}, BLACKLAKE, preset="blacklake", paging=paging)
        assert len(rows_of(read(source))) == 450
        points = source.check().points
    assert "at most 200" in caplog.text
    assert [point.verdict for point in points if point.point == "page_size"] == ["warn"]
    assert "最多给 200 条" in next(point for point in points if point.point == "page_size").sentence["zh"]


def test_a_wrong_secret_is_one_sentence_without_the_secret() -> None:
    with serving(Blacklake([]).answer) as server:
        wrong = BLACKLAKE | {"WATERWORKS_API_APP_SECRET": "canary-wrong-secret"}
        source = connector(server.url, {"preset": "blacklake.work_order"}, wrong, preset="blacklake")
        check = source.check()
    assert not check.ok
    assert [point.verdict for point in check.points] == ["bad"]
    assert "canary-wrong-secret" not in str(check)


def bill(number: int, **more: Any) -> dict[str, Any]:
    return {
        "FTreeEntity_FEntryId": 100_000 + number,
        "FBillNo": f"MO{number:05d}",
        "FMaterialId.FNumber": f"13.{number:04d}",
        "FQty": "12.5000000000",
        "FUnitId.FNumber": "Pcs",
        "FStatus": "4",
        "FPlanStartDate": "2026-01-05T00:00:00",
        "FPlanFinishDate": "2026-01-09T00:00:00",
        "FWorkShopID.FName": "一车间",
        "FModifyDate": f"2026-01-0{1 + number % 5}T10:00:00.123",
        **more,
    }


def kingdee(url: str, endpoint: dict[str, Any], **environment: str) -> MesConnector:
    return connector(f"{url}/k3cloud", endpoint, KINGDEE | environment, preset="kingdee_galaxy_webapi")


def yonyou(url: str, endpoint: dict[str, Any], **environment: str) -> MesConnector:
    return connector(url, endpoint, YONYOU | environment, preset="yonyou_openapi")


def test_kingdee_galaxy_webapi() -> None:
    api = Kingdee([bill(number) for number in range(4500)])
    with serving(api.answer) as server:
        source = connector(
            f"{server.url}/k3cloud",
            {"preset": "kingdee_galaxy_webapi.work_order"},
            KINGDEE,
            preset="kingdee_galaxy_webapi",
        )
        api.drop_session_at = 2
        pages = read(source)
        rows = rows_of(pages)
        assert len(rows) == len({row["FTreeEntity_FEntryId"] for row in rows}) == 4500
        assert rows[3] == {
            "FTreeEntity_FEntryId": "100003",
            "FBillNo": "MO00003",
            "FMaterialId_FNumber": "13.0003",
            "FQty": "12.5000000000",
            "FUnitId_FNumber": "Pcs",
            "FStatus": "4",
            "FPlanStartDate": "2026-01-05T00:00:00",
            "FPlanFinishDate": "2026-01-09T00:00:00",
            "FWorkShopID_FName": "一车间",
            "FModifyDate": "2026-01-04T10:00:00.123",
            "_key": "100003",
            "_row_no": None,
        }
        assert pages[-1].complete
        assert api.given >= 2  # a lost session was noticed in a reply with HTTP 200
        api.filters.clear()
        changed = read(source, pages[-1].position)
        assert set(api.filters) == {"FModifyDate>='2026-01-05 09:50:00'"}
        assert len(rows_of(changed)) == 900
        assert not changed[-1].complete


def test_kingdee_filters_are_joined_and_failures_are_told() -> None:
    api = Kingdee([bill(number, FDocumentStatus="C" if number % 2 else "Z") for number in range(10)])
    with serving(api.answer) as server:

        def source(form: str) -> MesConnector:
            body = {"data": {"FormId": form, "FilterString": "FDocumentStatus='C'"}}
            endpoint = {"preset": "kingdee_galaxy_webapi.work_order", "body": body}
            return connector(f"{server.url}/k3cloud", endpoint, KINGDEE, preset="kingdee_galaxy_webapi")

        first = read(source("PRD_MO"))
        assert len(rows_of(first)) == 5
        read(source("PRD_MO"), first[-1].position)
        assert api.filters[-1] == "(FDocumentStatus='C') and (FModifyDate>='2026-01-05 09:50:00')"
        with pytest.raises(Problem, match="业务对象不存在") as caught:
            read(source("NO_SUCH"))
        assert caught.value.code == "mes_refused"
        wrong = KINGDEE | {"WATERWORKS_API_APP_SECRET": "another-secret"}
        endpoint = {"preset": "kingdee_galaxy_webapi.work_order"}
        refused = connector(f"{server.url}/k3cloud", endpoint, wrong, preset="kingdee_galaxy_webapi").check()
    assert "签名不正确" in refused.sentence["zh"]


def test_kingdee_by_login_instead_of_signatures() -> None:
    """Older installations: ValidateUser, then only the session cookie."""
    rows = [[1, "M-1"], [2, "M-2"]]

    def answer(asked: Any) -> Answer:
        if asked.path.endswith("AuthService.ValidateUser.common.kdsvc"):
            if asked.body["password"] != APP_SECRET:
                return Answer({"LoginResultType": 0, "Message": "用户名或密码错误"})
            return Answer({"LoginResultType": 1}, headers={"Set-Cookie": "kdservice-sessionid=abc; Path=/"})
        if "kdservice-sessionid=abc" not in asked.headers.get("cookie", ""):
            return Answer([[Kingdee.failure("会话信息已丢失，请重新登录")]])
        start = asked.body["data"]["StartRow"]
        return Answer(rows[start:])

    auth = {
        "path": "/Kingdee.BOS.WebApi.ServicesStub.AuthService.ValidateUser.common.kdsvc",
        "body": {"acctID": "a", "username": "u", "password": {"env": "K3_PASSWORD"}, "lcid": 2052},
        "envelope": {"success": "LoginResultType", "success_values": [1, -5], "message": "Message"},
        "lost_words": ["会话"],
    }
    endpoint = {"preset": "kingdee_galaxy_webapi.material", "columns": ["FMATERIALID", "FNumber"], "updated": None,
                "full_every_days": None}  # fmt: skip
    with serving(answer) as server:

        def source(password: str) -> MesConnector:
            given = {"K3_PASSWORD": password}
            return connector(server.url, endpoint, given, preset="kingdee_galaxy_webapi", sign=None, auth=auth)

        assert [row["FNumber"] for row in rows_of(read(source(APP_SECRET)))] == ["M-1", "M-2"]
        with pytest.raises(Problem, match="用户名或密码错误"):
            read(source("wrong-password"))


def product(number: int) -> dict[str, Any]:
    return {
        "id": str(2**61 + number),
        "code": f"P{number}",
        "name": {"simplifiedName": f"轴承{number}", "traditionalName": "軸承"},
        "pubts": f"2026-02-0{1 + number % 9} 08:00:00",
    }


def test_yonyou_openapi() -> None:
    api = Yonyou([product(number) for number in range(1100)])
    with serving(api.answer) as server:
        api.url = server.url
        source = connector(server.url, {"preset": "yonyou_openapi.material"}, YONYOU, preset="yonyou_openapi")
        api.busy = 2
        api.uses_left = 3
        pages = read(source)
        rows = rows_of(pages)
        assert len(rows) == 1100
        assert (rows[0]["id"], rows[0]["name"]) == (str(2**61), "轴承0")
        read(source, pages[-1].position)
        assert api.filters[-1] == [{"field": "pubts", "op": "egt", "value1": "2026-02-09 07:50:00"}]
        stock = connector(
            server.url,
            {"preset": "yonyou_openapi.material_lot", "key": "id", "columns": ["id"]},
            YONYOU,
            preset="yonyou_openapi",
        )
        assert len(rows_of(read(stock))) == 1100
        wrong = connector(
            server.url,
            {"preset": "yonyou_openapi.material"},
            YONYOU | {"WATERWORKS_API_TENANT": "t2"},
            preset="yonyou_openapi",
        )
        with pytest.raises(Problem, match="租户不存在"):
            read(wrong)


def test_openapi_plain() -> None:
    rows = [{"id": number} for number in range(250)]

    def answer(asked: Any) -> Answer:
        limit, offset = int(asked.query["limit"]), int(asked.query["offset"])
        if limit > 100:
            wrong = {"type": "less_than_equal", "loc": ["query", "limit"], "ctx": {"le": 100}, "input": str(limit)}
            return Answer({"detail": [wrong | {"msg": "Input should be less than or equal to 100"}]}, 422)
        page = rows[offset : offset + limit]
        return Answer({"items": page, "total": 250, "limit": limit, "offset": offset, "has_more": offset + limit < 250})

    with serving(answer) as server:
        endpoint = {"path": "/lots", "method": "GET", "key": "id", "columns": ["id"]}
        source = connector(server.url, endpoint, preset="openapi_plain")
        assert len(rows_of(read(source))) == 250
        assert [asked.query["limit"] for asked in server.asked[:2]] == ["200", "100"]


def systems() -> list[tuple[str, str]]:
    return [(name, key) for name, preset in rest_presets().items() for key in preset["objects"]]


@pytest.mark.parametrize(("name", "key"), systems())
def test_a_preset_fits_the_models_and_the_contracts(name: str, key: str, tmp_path: Path) -> None:
    preset = rest_presets()[name]
    head = {"system": "north", "kind": "mes", "plant": "P1", "title": {"zh": "北", "en": "north"}, "preset": name}
    endpoint = MesEndpointConfig(system="north", object=key, preset=name)
    system = SystemConfig(**head, objects={key: endpoint})
    assert all("NORTH" in variable for variable in environment_names(system))
    assert set(preset["title"]) == {"zh", "en"}
    folder = tmp_path / "north"
    folder.mkdir()
    (folder / "defs.yaml").write_text(
        f"type: pipelines.components.SourceSystem\nattributes: {{system: north, kind: mes, plant: P1, preset: {name},"
        f" title: {{zh: 北, en: north}}}}\n---\ntype: pipelines.components.MesEndpoint\n"
        f"attributes: {{system: north, object: {key}, preset: {name}.{key}}}\n",
        encoding="utf-8",
    )
    loaded, problems = read_systems(tmp_path)
    assert not problems
    assert loaded["north"].mes_endpoints[key].path
    (mapping,) = preset_mappings(tmp_path, PRESETS_DIR, set(), contracts(), code_lists())
    assert {column.source for column in mapping.columns} <= set(endpoint.columns)


def test_an_unknown_preset_is_named_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "north"
    folder.mkdir()
    head = "type: pipelines.components.SourceSystem\nattributes:\n  system: north\n  kind: mes\n  plant: P1\n"
    (folder / "defs.yaml").write_text(f"{head}  preset: blacklak\n  title: {{zh: 北, en: north}}\n", encoding="utf-8")
    _, problems = read_systems(tmp_path)
    assert problems[0].code == "mes_preset_unknown"
    assert problems[0].params["line"] == 6
    assert "blacklake" in problems[0].text("zh")
