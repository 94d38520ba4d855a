"""Three vendors' APIs as their public descriptions and SDKs show them, each as one `answer` function.

Belongs here: their rules, checked as strictly as the vendors do. Does not belong here: assertions.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote_plus

from tests.connectors.mes.api import Answer, Asked

APP_SECRET = "canary-app-secret"


class Blacklake:
    """Token by appKey, appSecret, factoryNumber; POST lists with page, size and update time; {code, data}."""

    TOKEN = "/api/openapi/domain/web/v1/system/_refreshToken"
    PREFIX = "/api/openapi/domain/web/v1/route"

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.tokens: set[str] = set()
        self.logins = 0

    def answer(self, asked: Asked) -> Answer:
        if asked.path == self.TOKEN:
            if asked.body != {"appKey": "key-1", "appSecret": APP_SECRET, "factoryNumber": "F01"}:
                return Answer({"code": 401001, "message": f"wrong {asked.body}", "data": None})
            self.logins += 1
            token = f"canary-token-{self.logins}"
            self.tokens = {token}
            return Answer({"code": 200, "message": "ok", "data": {"token": token}})
        if asked.headers.get("access_token") not in self.tokens:
            return Answer({"code": 401, "message": "token invalid"}, 401)
        if not asked.path.startswith(self.PREFIX) or asked.method != "POST":
            return Answer({"code": 404}, 404)
        body = asked.body
        rows = [row for row in self.rows if row["updateTime"] >= body.get("updateTimeFrom", 0)]
        if body["size"] > 200:
            return Answer({"code": 400100, "message": "size 不能超过 200"})
        at = (body["page"] - 1) * body["size"]
        data = {"list": rows[at : at + body["size"]], "total": len(rows), "page": body["page"]}
        return Answer({"code": 200, "subCode": None, "message": "ok", "needCheck": 0, "data": data})


class Kingdee:
    """Signed requests (both signatures checked), session cookie, arrays in FieldKeys order, FilterString."""

    PATH = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc"
    APP_ID = "204399_" + base64.b64encode(b"abcdefghijklmnopqrstuvwx").decode()
    MASK = b"0054f397c6234378b09ca7d3e5debce7"

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.sessions: set[str] = set()
        self.given = 0
        self.nonces: set[str] = set()
        self.drop_session_at = 0
        self.filters: list[str] = []

    def signed(self, asked: Asked) -> bool:
        sent = asked.headers
        data = "acct-1,user-1,2052,0"
        raw = base64.b64decode(self.APP_ID.partition("_")[2])
        secret = base64.b64encode(bytes(a ^ b for a, b in zip(raw, self.MASK, strict=False))).decode()
        message = (
            f"POST\n{quote(asked.path, safe='')}\n\nx-api-nonce:{sent['x-api-nonce']}\n"
            f"x-api-timestamp:{sent['x-api-timestamp']}\n"
        )
        fresh = sent["x-api-nonce"] not in self.nonces and abs(int(sent["x-api-timestamp"]) - time.time()) < 60
        self.nonces.add(sent["x-api-nonce"])
        return (
            fresh
            and base64.b64decode(sent["x-kd-appdata"]).decode() == data
            and sent["x-kd-signature"] == self._mac(self.APP_ID + data, APP_SECRET)
            and sent["x-api-signature"] == self._mac(message, secret)
            and sent["x-api-clientid"] == "204399"
        )

    @staticmethod
    def _mac(message: str, key: str) -> str:
        return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest().encode()).decode()

    def answer(self, asked: Asked) -> Answer:
        if asked.path != self.PATH:
            return Answer({}, 404)
        if not self.signed(asked):
            return Answer(self.failure("签名不正确"))
        found = re.search(r"kdservice-sessionid=(\w+)", asked.headers.get("cookie", ""))
        headers = {}
        if found is None:
            self.given += 1
            self.sessions.add(f"s{self.given}")
            headers["Set-Cookie"] = f"kdservice-sessionid=s{self.given}; Path=/"
        elif found[1] not in self.sessions:
            return Answer([[self.failure("会话信息已丢失，请重新登录 (ctx == null)")]])
        self.drop_session_at -= 1
        if self.drop_session_at == 0:
            self.sessions.clear()
        data = asked.body["data"]
        if data["FormId"] != "PRD_MO":
            return Answer(text="response_error: 业务对象不存在")
        if data["Limit"] > 2000:
            return Answer(self.failure("Limit 最大 2000"))
        self.filters.append(data["FilterString"])
        rows = [row for row in self.rows if self.passes(row, data["FilterString"])]
        page = rows[data["StartRow"] : data["StartRow"] + data["Limit"]]
        return Answer([[row[name] for name in data["FieldKeys"].split(",")] for row in page], headers=headers)

    @staticmethod
    def passes(row: dict[str, Any], text: str) -> bool:
        """The small part of the filter language that is used here; anything else is a mistake."""
        for part in filter(None, (piece.strip(" ()") for piece in text.split(" and "))):
            match = re.fullmatch(r"(\w+)\s*(>=|=|<>)\s*'([^']*)'", part)
            assert match, f"filter {part!r}"
            name, sign, wanted = match.groups()
            value = str(row[name])
            if name == "FModifyDate":
                value = datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M:%S")
            if not {">=": value >= wanted, "=": value == wanted, "<>": value != wanted}[sign]:
                return False
        return True

    @staticmethod
    def failure(message: str) -> dict[str, Any]:
        status = {"IsSuccess": False, "ErrorCode": 500, "Errors": [{"FieldName": None, "Message": message}]}
        return {"Result": {"ResponseStatus": status}}


class Yonyou:
    """Gateway by tenant, signed token request, token in the query, pageIndex/pageSize/simpleVOs."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.url = ""
        self.tokens: set[str] = set()
        self.logins = 0
        self.busy = 0
        self.filters: list[Any] = []
        self.uses_left = 10**9

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/open-auth/dataCenter/getGatewayAddress":
            if asked.query != {"yhtTenantId": "tenant-1"}:
                return Answer({"code": "50000", "message": "租户不存在"})
            data = {"gatewayUrl": f"{self.url}/iuap-api-gateway", "tokenUrl": f"{self.url}/iuap-api-auth"}
            return Answer({"code": "00000", "message": "成功！", "data": data})
        if asked.path == "/iuap-api-auth/open-auth/selfAppAuth/getAccessToken":
            return self.login(asked)
        if asked.query.get("access_token") not in self.tokens or self.uses_left <= 0:
            return Answer({"code": "10004", "message": "非法的令牌"})
        self.uses_left -= 1
        if self.busy:
            self.busy -= 1
            return Answer({"code": "429", "message": "请求过于频繁"})
        if asked.path == "/iuap-api-gateway/yonbip/scm/stock/QueryCurrentStocksByCondition":
            return Answer({"code": "200", "message": "ok", "data": self.rows})
        if asked.path != "/iuap-api-gateway/yonbip/digitalModel/product/list":
            return Answer({"code": "310404", "message": "接口不存在"})
        body = asked.body
        self.filters.append(body.get("simpleVOs"))
        rows = self.rows
        for one in body.get("simpleVOs") or []:
            assert (one["field"], one["op"]) == ("pubts", "egt")
            rows = [row for row in rows if row["pubts"] >= one["value1"]]
        at = (body["pageIndex"] - 1) * body["pageSize"]
        data = {
            "recordList": rows[at : at + body["pageSize"]],
            "recordCount": len(rows),
            "pageIndex": body["pageIndex"],
        }
        return Answer({"code": "200", "message": "操作成功", "data": data})

    def login(self, asked: Asked) -> Answer:
        sent = dict(pair.split("=", 1) for pair in asked.raw_query.split("&"))
        assert "%25" not in sent["signature"], "encoded twice"
        given = {name: unquote_plus(value) for name, value in sent.items()}
        signature = given.pop("signature")
        joined = "".join(name + value for name, value in sorted(given.items()))
        made = base64.b64encode(hmac.new(APP_SECRET.encode(), joined.encode(), hashlib.sha256).digest()).decode()
        if signature != made or abs(int(given["timestamp"]) - time.time() * 1000) > 60_000:
            return Answer({"code": "50000", "message": f"签名错误 {given}"})
        self.logins += 1
        self.uses_left = 10**9
        self.tokens = {f"canary-token-{self.logins}+/="}
        return Answer({"code": "00000", "data": {"access_token": next(iter(self.tokens)), "expire": 7200}})
