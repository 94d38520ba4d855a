"""Cleansing customer data of 20 columns as a load does, page by page, and what each standardiser's share of it is.

Belongs here: the data with its dirt, the run, the shares. Not here: whether the values are right (the golden file
in tests/hub/cleansing says that).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.measure import Figures, Meter, isolated
from benchmarks.report import Benchmark, Entry
from connectors.base import KEY, ROW_NO
from schemas.model import Column, ColumnMapping, Contract, Mapping, Text

PAGE = 50_000  # rows, as a load reads them
DIRT = 0.05  # of the cells of a column are not in their standard form
_WORD = Text("列", "Column")


def _column(name: str, standard: str, kind: Any = "string", **further: Any) -> Column:
    return Column(name, kind, _WORD, standard=standard, **further)


COLUMNS = (
    _column("customer_code", "code"),
    _column("customer_name", "company_name"),
    _column("short_name", "name"),
    _column("uscc", "uscc"),
    _column("contact_name", "name"),
    _column("phone", "phone"),
    _column("service_phone", "phone_list"),
    _column("email", "email"),
    _column("address", "text"),
    _column("province", "province"),
    _column("city", "city"),
    _column("currency", "code_list", code_list="currency"),
    _column("industry", "text"),
    _column("remark", "text"),
    _column("credit_limit_cny", "decimal", "decimal", precision=18, scale=2, unit="CNY"),
    _column("discount", "percent", "decimal", precision=9, scale=4),
    _column("payment_days", "integer", "integer", unit="days"),
    _column("first_deal_date", "date", "date"),
    _column("changed_at", "timestamp", "timestamp"),
    _column("is_active", "boolean", "boolean"),
)
assert len(COLUMNS) == 20
_SOURCES = {"province": "address", "city": "address"}  # read out of another column


def _contract(columns: tuple[Column, ...]) -> tuple[Contract, Mapping]:
    entries = tuple(ColumnMapping(column.name, _SOURCES.get(column.name, column.name)) for column in columns)
    return Contract("bench", _WORD, _WORD, "it", columns, (), ()), Mapping("bench.bench", "bench", "it", entries)


def pages(rows: int, seed: int = 7) -> Iterator[pa.Table]:
    """The customers, PAGE by PAGE: text as a workbook or an old ERP delivers it."""
    for start in range(0, rows, PAGE):
        yield _page(np.arange(start, min(start + PAGE, rows)), rows, np.random.default_rng(seed + start))


def _page(number: np.ndarray, rows: int, rng: np.random.Generator) -> pa.Table:
    size = len(number)

    def among(count: int) -> np.ndarray:
        return rng.integers(0, max(1, count), size)

    def column(numbers: np.ndarray, write: Callable[[int], str], *dirty: Callable[[str], str]) -> pa.Array:
        texts = [write(int(each)) for each in numbers]
        for place in np.flatnonzero(rng.random(size) < DIRT) if dirty else ():
            texts[place] = dirty[place % len(dirty)](texts[place])
        return pa.array(texts, pa.string())

    company = among(rows // 2)
    day = (np.datetime64("2015-01-01") + among(3000)).astype(int)
    moment = (np.datetime64("2024-01-01T00:00:00") + among(30_000_000)).astype(int)
    columns = {
        "customer_code": column(number, lambda n: f"C{n:07d}", _wide, _blank),
        "customer_name": column(company, _company, _wide, _blank, lambda name: f"{name}（中国）"),
        "short_name": column(company, lambda n: _company(n)[2:6], _blank),
        "uscc": column(company, _uscc, str.lower, _blank, lambda code: code.replace("0", "O")),
        "contact_name": column(among(20_000), _person, _blank),
        "phone": column(among(rows), _mobile, lambda p: f"+86 {p[:3]}-{p[3:7]}-{p[7:]}", _wide),
        "service_phone": column(company, _fixed, lambda p: f"{p}转801", lambda p: f"{p}/{p}", lambda p: p[5:]),
        "email": column(among(rows), lambda n: f"user{n}@example.com", str.upper, _wide),
        "address": column(among(rows // 2), _address, _blank, lambda a: a.removeprefix("江苏省")),
        "currency": column(among(3), lambda n: ("CNY", "USD", "EUR")[n], str.lower, lambda _: "人民币"),
        "industry": column(among(40), lambda n: f"行业{n}", _blank),
        "remark": column(among(rows // 4), lambda n: f"备注 {n}" if n % 3 else "", _wide),
        "credit_limit_cny": column(among(20_000), lambda n: str(n * 50), lambda n: f"￥{int(n):,}", lambda n: f"{n}万"),
        "discount": column(among(40), lambda n: str(n / 2), lambda n: f"{n}%"),
        "payment_days": column(among(7), lambda n: str(n * 15), lambda n: f"{n}天"),
        "first_deal_date": column(day, _day, _slashes, lambda d: d.replace("-", ""), _chinese_day, lambda d: d[2:]),
        "changed_at": column(moment, lambda n: str(np.datetime64(n, "s")), _slashes),
        "is_active": column(among(2), lambda n: ("是", "否")[n], lambda _: "Y"),
    }
    return pa.table({KEY: pa.array(number.astype(str)), ROW_NO: pa.nulls(size, pa.int64()), **columns})


_PLACES = (
    "江苏省苏州市昆山市玉山镇",
    "江苏省无锡市江阴市",
    "上海市浦东新区",
    "浙江省温州市乐清市柳市镇",
    "深圳市南山区",
    "苏州工业园区",
)
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵吴周", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
_TRADES = ("精密机械", "电子科技", "五金制品", "汽车零部件", "自动化设备", "贸易")
_BRANDS = "华恒永盛宏达鑫源天成嘉泰瑞丰德力信诚远东方圆通明光辉亚太金龙飞腾伟业中兴新科创联合众安顺康宁海川"
_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _company(n: int) -> str:
    brand = "".join(_BRANDS[n // len(_BRANDS) ** place % len(_BRANDS)] for place in range(3))
    return f"{('苏州', '上海', '昆山', '无锡')[n % 4]}{brand}{_TRADES[n % 6]}有限公司"


def _uscc(n: int) -> str:
    from stdnum.cn.uscc import calc_check_digit

    body = f"91320583{n:08d}{_LETTERS[n % 31]}"
    return body + str(calc_check_digit(body))


def _person(n: int) -> str:
    return _SURNAMES[n % 10] + _GIVEN[n // 10 % 20] + (_GIVEN[n // 200 % 20] if n % 3 else "")


def _mobile(n: int) -> str:
    return f"13{n * 7919 % 10**9:09d}"


def _fixed(n: int) -> str:
    return f"0512-{60_000_000 + n % 9_999_999}"


def _address(n: int) -> str:
    return f"{_PLACES[n % 6]}人民路{n // 6 % 9999}号{n // 60000 or ''}"


def _day(n: int) -> str:
    return str(np.datetime64(n, "D"))


def _slashes(text: str) -> str:
    return text.replace("-", "/").replace("T", " ")


def _chinese_day(text: str) -> str:
    year, month, day = text.split("-")
    return f"{year}年{int(month)}月{int(day)}日"


def _wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _blank(text: str) -> str:
    return f" {text[:2]} {text[2:]}"


def cleanse(rows: int) -> tuple[Figures, dict[str, int], dict[str, float]]:
    """(figures of the whole, what came out, CPU seconds by standard of a second run column by column)."""
    from hub.cleansing.standardise import standardise
    from schemas.loader import code_lists

    codes = code_lists()
    contract, mapping = _contract(COLUMNS)
    made = list(pages(rows))
    standardise(made[0].slice(0, 1000), mapping, contract, codes)
    counts: Counter[str] = Counter()
    with Meter() as meter:
        for page in made:
            done = standardise(page, mapping, contract, codes)
            counts += Counter(
                {"changes": len(done.changes), "unread": len(done.unread), "suggestions": len(done.suggestions)}
            )
    by_standard: dict[str, float] = {}
    for column in COLUMNS:
        contract, mapping = _contract((column,))
        with Meter() as alone:
            for page in made:
                standardise(page, mapping, contract, codes)
        name = str(column.standard)
        by_standard[name] = by_standard.get(name, 0) + alone.figures.cpu
    dearest_first = sorted(by_standard, key=lambda name: -by_standard[name])
    return meter.figures, dict(sorted(counts.items())), {name: by_standard[name] for name in dearest_first}


def run(rows: int = 1_000_000) -> Benchmark:
    """The whole, then each standardiser's share, dearest first."""
    figures, counts, by_standard = isolated(cleanse, rows)
    total = sum(by_standard.values())
    shares = [
        Entry(f"  {standard} ({seconds / total:.0%})", rows, Figures(seconds, seconds, figures.peak_mb), None)
        for standard, seconds in by_standard.items()
    ]
    return Benchmark(
        "cleansing",
        f"20 columns of customers cleansed in pages of {PAGE:,}, {DIRT:.0%} of the cells not in standard form",
        f"{60 * rows / figures.cpu:,.0f} rows per CPU minute (goal: 250,000 in under 2,000 MB, the data included);"
        f" {', '.join(f'{count:,} {what}' for what, count in counts.items())}."
        " The shares are of a second run, column by column.",
        (Entry("all 20 columns", rows, figures, counts), *shares),
    )
