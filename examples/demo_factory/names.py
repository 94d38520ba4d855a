"""Combines words into companies, people, addresses and materials that look real.

Belongs here: pure functions of a seeded `random.Random`. Does not belong here: spoiling (`dirt.py`),
deciding which system knows what (`world.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from stdnum.cn import uscc

from examples.demo_factory import words

_ORG_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class CompanyName:
    """A company name taken apart; `full` is the registered name, brackets half-width."""

    place: str
    brand: str
    trade: str
    form: str
    bracketed: bool = False
    branch: str = ""

    @property
    def full(self) -> str:
        head = f"{self.brand}({self.place}){self.trade}" if self.bracketed else f"{self.place}{self.brand}{self.trade}"
        return f"{head}{self.form}{self.branch}"

    @property
    def short(self) -> str:
        return f"{self.brand}{self.trade[:2]}{self.branch}"


def company_name(rng: Random, trades: tuple[str, ...]) -> CompanyName:
    brand = rng.choice(words.BRAND_FIRST) + rng.choice(words.BRAND_SECOND)
    if rng.random() < 0.15:
        brand += rng.choice(words.BRAND_THIRD)
    forms = [form for form, _ in words.FORMS]
    form = rng.choices(forms, [weight for _, weight in words.FORMS])[0]
    return CompanyName(rng.choice(words.PLACES)[0], brand, rng.choice(trades), form, rng.random() < 0.25)


def credit_code(rng: Random, region: str) -> str:
    """A valid 统一社会信用代码: 91 + region + organisation code with its own check character + check character."""
    body = "MA" + "".join(rng.choices(_ORG_ALPHABET, k=6)) if rng.random() < 0.5 else f"{rng.randrange(10**8):08d}"
    value = sum(int(char, 36) * weight for char, weight in zip(body, _ORG_WEIGHTS, strict=True))
    check = "0X987654321"[value % 11]
    number = f"91{region}{body}{check}"
    return number + uscc.calc_check_digit(number)


def person(rng: Random) -> str:
    return rng.choice(words.SURNAMES) + "".join(rng.choices(words.GIVEN, k=rng.choice((1, 2, 2))))


def mobile(rng: Random) -> str:
    return rng.choice(("138", "139", "136", "150", "159", "186", "189", "177")) + f"{rng.randrange(10**8):08d}"


def landline(rng: Random, area: str) -> str:
    digits = 8 if len(area) == 3 or area in ("0512", "0510", "0571", "0574", "0755", "0769", "0757", "0371") else 7
    return f"{area}-{rng.randrange(2, 9)}{rng.randrange(10 ** (digits - 1)):0{digits - 1}d}"


def address(rng: Random, place: str, province: str) -> str:
    city = "" if province.startswith(place) else f"{place}市"
    zone = rng.choice(words.ZONES) if rng.random() < 0.6 else ""
    return f"{province}{city}{zone}{rng.choice(words.STREETS)}路{rng.randrange(1, 2000)}号"


@dataclass(frozen=True, slots=True)
class MaterialSketch:
    name: str
    spec: str
    unit: str
    price: Decimal


def _price(rng: Random, low: float, high: float) -> Decimal:
    return Decimal(str(round(rng.uniform(low, high), 2)))


def _size(rng: Random, low: float, high: float, step: float) -> str:
    return f"{low + step * rng.randrange(int((high - low) / step) + 1):g}"


def _name(rng: Random, choices: str) -> str:
    return rng.choice(choices.split())


def raw_material(rng: Random) -> MaterialSketch:
    kind = rng.randrange(5)
    if kind == 0:
        name = _name(rng, "304不锈钢板 316L不锈钢板 Q235B钢板 SPCC冷轧板 6061铝板 H62黄铜板 SECC镀锌板")
        spec = f"{_size(rng, 0.5, 30, 0.1)}×{_size(rng, 500, 1500, 10)}×{_size(rng, 1000, 6000, 20)}"
        return MaterialSketch(name, spec, "KG", _price(rng, 4, 60))
    if kind == 1:
        name = _name(rng, "45#圆钢 40Cr圆钢 20CrMnTi圆钢 GCr15轴承钢 304不锈钢棒 6061铝棒 H59铜棒")
        spec = f"φ{_size(rng, 4, 300, 0.5)}×{_size(rng, 1000, 6000, 10)}"
        return MaterialSketch(name, spec, "KG", _price(rng, 4, 70))
    if kind == 2:
        name = _name(rng, "ABS塑料粒子 PA66塑料粒子 POM塑料粒子 PC塑料粒子 PP塑料粒子 TPE弹性体")
        return MaterialSketch(name, f"{rng.choice('ABCDEFGHK')}{rng.randrange(100, 9999)}", "KG", _price(rng, 8, 45))
    if kind == 3:
        name = _name(rng, "BVR电线 RVV护套线 屏蔽电缆 PU气管 橡胶密封条 同步带")
        return MaterialSketch(name, f"{rng.randrange(1, 24)}×{_size(rng, 0.5, 120, 0.25)}mm", "M", _price(rng, 0.8, 60))
    name = _name(rng, "抗磨液压油 齿轮油 切削液 清洗剂 丙烯酸面漆 稀释剂")
    return MaterialSketch(name, f"{rng.randrange(10, 999)}号 {rng.randrange(1, 400)}L", "L", _price(rng, 9, 80))


def standard_part(rng: Random) -> MaterialSketch:
    if rng.random() < 0.55:
        name = _name(rng, "内六角螺栓 外六角螺栓 十字盘头螺钉 六角螺母 平垫圈 弹簧垫圈 圆柱销 开口销 平键")
        finish = _name(rng, "8.8级 10.9级 12.9级 A2-70 A4-80 镀锌 发黑 达克罗")
        spec = f"M{rng.randrange(2, 64)}×{rng.randrange(4, 300)} {finish}"
        return MaterialSketch(name, spec, "PCS", _price(rng, 0.02, 6))
    name = _name(rng, "深沟球轴承 圆锥滚子轴承 O型密封圈 骨架油封 压缩弹簧 接线端子 接近开关 气缸 电磁阀")
    mark = rng.choice(("", "-2RS", "-ZZ", "/P5", "/C3", "-N"))
    spec = f"{rng.choice('ABCDEFGHJKNPRS')}{rng.randrange(1000, 99999)}{mark}"
    return MaterialSketch(name, spec, "PCS", _price(rng, 0.5, 260))


def made_part(rng: Random) -> MaterialSketch:
    name = _name(
        rng,
        "主动齿轮 从动齿轮 输出轴 输入轴 箱体 端盖 法兰 支架 导轨座 "
        "连接板 轴套 行星架 蜗杆 蜗轮 链轮 皮带轮 注塑外壳 底座焊件",
    )
    spec = f"{_name(rng, 'JS ZC WX XG')}{rng.randrange(10, 999)}-{rng.randrange(1, 999):03d}"
    return MaterialSketch(name, spec, "PCS", _price(rng, 8, 600))


def product(rng: Random) -> MaterialSketch:
    name = _name(rng, "行星减速机 蜗轮减速机 斜齿轮减速机 摆线针轮减速机 精密转台 直线模组 电动推杆 输送滚筒")
    size = f"{_name(rng, 'PX WP HR BW ZT KM DT')}{rng.randrange(40, 400)}-{rng.randrange(1, 200)}"
    unit = "SET" if rng.random() < 0.3 else "PCS"
    return MaterialSketch(name, f"{size}/{rng.choice('ABCDE')}", unit, _price(rng, 180, 9000))
