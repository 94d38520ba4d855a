"""The factory as it truly is: one consistent world, before anybody mistypes anything.

Belongs here: true customers, suppliers, materials, bills of material, machines, people and work
orders, all from seed and scale. Does not belong here: dirt, tables, files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from examples.demo_factory import names, words
from examples.demo_factory.names import CompanyName

GENERATOR_VERSION = "4"  # raise it whenever the same seed would give other content
TODAY = date(2026, 11, 20)  # the world stands still on this day, so that content never depends on the clock


_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Sizes:
    """How many true things there are at a scale; what each system knows of them is decided there."""

    customers: int
    suppliers: int
    materials: int
    sales_orders: int
    work_orders: int
    equipment: int
    employees: int

    @classmethod
    def at(cls, scale: float) -> Sizes:
        """Scale 1 is about 20,000 rows over all systems. Machines and people grow with the square root."""
        root = max(scale, 0.1) ** 0.5

        def n(count: int) -> int:
            return max(20, round(count * scale))

        return cls(n(560), n(280), n(1300), n(800), n(1300), max(12, round(40 * root)), max(30, round(150 * root)))


@dataclass(frozen=True, slots=True)
class Company:
    entity: str
    code: str
    name: CompanyName
    uscc: str
    contact: str
    phone: str
    address: str
    in_erp: bool


@dataclass(frozen=True, slots=True)
class Material:
    entity: str
    code: str
    name: str
    spec: str
    unit: str
    price: Decimal  # of what is bought; of what is made the cost of its parts
    level: int  # 0 bought, 1 made part, 2 product
    in_use: bool  # False: a dead number that no document refers to
    in_erp: bool
    labour: Decimal = Decimal(0)

    @property
    def overhead(self) -> Decimal:
        return (self.labour * Decimal("0.6")).quantize(_CENT)

    @property
    def cost(self) -> Decimal:
        """What one costs all in all."""
        return self.price + self.labour + self.overhead


@dataclass(frozen=True, slots=True)
class WorkOrder:
    code: str
    material: int  # index into World.materials
    qty: int
    state: str  # planned, confirmed, released, closed
    plan_start: date
    plan_finish: date
    start: datetime | None
    finish: datetime | None
    lot_code: str | None
    sales_order: int  # number of the sales order it was made for
    workshop: int


@dataclass(frozen=True)
class World:
    seed: int
    scale: float
    sizes: Sizes
    customers: list[Company]
    suppliers: list[Company]
    materials: list[Material]
    boms: dict[int, list[tuple[int, Decimal]]]  # parent index -> (component index, quantity per piece)
    equipment: list[tuple[str, str, str, str]]  # code, name, model, work centre
    employees: list[tuple[str, str, str, str]]  # code, name, department, phone
    work_orders: list[WorkOrder]

    def rng(self, name: str) -> Random:
        """An own stream of random numbers per purpose, so that one part can change without the others."""
        return Random(f"{self.seed}/{name}")

    def used_materials(self, level: int | None = None) -> list[int]:
        return [i for i, m in enumerate(self.materials) if m.in_use and (level is None or m.level == level)]


def make_world(seed: int, scale: float) -> World:
    sizes = Sizes.at(scale)

    def rng(name: str) -> Random:
        return Random(f"{seed}/{name}")

    customers = list(
        _companies(rng("customer"), sizes.customers, "CU", "C", words.TRADES_MAKING + words.TRADES_SELLING)
    )
    suppliers = list(_companies(rng("supplier"), sizes.suppliers, "SU", "S", words.TRADES_MAKING))
    materials = list(_materials(rng("material"), sizes.materials))
    boms = _boms(rng("bom"), materials)
    _add_up(rng("labour"), materials, boms)
    orders = list(_work_orders(rng("work_order"), sizes, sorted(boms)))
    equipment = list(_equipment(rng("equipment"), sizes.equipment))
    employees = list(_employees(rng("employee"), sizes.employees))
    return World(seed, scale, sizes, customers, suppliers, materials, boms, equipment, employees, orders)


def _companies(rng: Random, count: int, prefix: str, letter: str, trades: tuple[str, ...]) -> Iterator[Company]:
    """Distinct companies, with two kinds of traps for matching: one in twenty is a branch of the one before
    (its own entity with its own number), one in thirty-three a namesake of it in another place.
    """
    places = {place: (province, region, area) for place, province, region, area in words.PLACES}
    seen: set[tuple[str, str, str]] = set()
    previous: CompanyName | None = None
    for number in range(1, count + 1):
        if previous is not None and not previous.branch and number % 20 == 0:
            place = _other_place(rng, previous)
            name = replace(previous, branch=place + rng.choice(words.BRANCHES))
        elif previous is not None and not previous.branch and number % 33 == 0:
            place = _other_place(rng, previous)
            while (place, previous.brand, previous.trade) in seen:
                place = _other_place(rng, previous)
            name = replace(previous, place=place)
            seen.add((name.place, name.brand, name.trade))
        else:
            name = names.company_name(rng, trades)
            while (name.place, name.brand, name.trade) in seen:
                name = names.company_name(rng, trades)
            seen.add((name.place, name.brand, name.trade))
            place = name.place
        province, region, area = places[place]
        phone = names.mobile(rng) if rng.random() < 0.5 else names.landline(rng, area)
        yield Company(
            f"{prefix}-{number:06d}", f"{letter}{number:05d}", name, names.credit_code(rng, region),
            names.person(rng), phone, names.address(rng, place, province), rng.random() < 0.93,
        )  # fmt: skip
        previous = name


def _other_place(rng: Random, name: CompanyName) -> str:
    return rng.choice([place for place, *_ in words.PLACES if place != name.place])


_CLASSES: tuple[tuple[float, int, Callable[[Random], names.MaterialSketch], str], ...] = (
    (0.35, 0, names.raw_material, "01.{sub:02d}.{number:05d}"),
    (0.65, 0, names.standard_part, "04{number:06d}"),  # digits only: spreadsheets eat the leading zero
    (0.87, 1, names.made_part, "02.{sub:02d}.{number:05d}"),
    (1.00, 2, names.product, "03.{sub:02d}.{number:05d}"),
)


def _materials(rng: Random, count: int) -> Iterator[Material]:
    seen: set[tuple[str, str]] = set()
    for number in range(1, count + 1):
        point = number % 100 / 100
        _, level, sketcher, pattern = next(entry for entry in _CLASSES if point < entry[0])
        sketch = sketcher(rng)
        while (sketch.name, sketch.spec) in seen:
            sketch = sketcher(rng)
        seen.add((sketch.name, sketch.spec))
        code = pattern.format(sub=rng.randrange(1, 13), number=number)
        in_use = rng.random() >= 0.1
        in_erp = in_use or rng.random() < 0.8
        yield Material(
            f"MA-{number:06d}", code, sketch.name, sketch.spec, sketch.unit, sketch.price, level, in_use, in_erp
        )


def _boms(rng: Random, materials: list[Material]) -> dict[int, list[tuple[int, Decimal]]]:
    """Products are made of parts and bought things, parts of bought things: never a circle."""
    bought = [i for i, m in enumerate(materials) if m.in_use and m.level == 0]
    made = [i for i, m in enumerate(materials) if m.in_use and m.level == 1]
    boms: dict[int, list[tuple[int, Decimal]]] = {}
    for index, material in enumerate(materials):
        if material.level == 0 or not material.in_use:
            continue
        parts = rng.sample(bought, min(len(bought), rng.randrange(2, 5)))
        if material.level == 2:
            parts += rng.sample(made, min(len(made), rng.randrange(1, 4)))
        boms[index] = [(part, _bom_quantity(rng, materials[part].unit)) for part in parts]
    return boms


def _add_up(rng: Random, materials: list[Material], boms: dict[int, list[tuple[int, Decimal]]]) -> None:
    """Give what is made the cost of its parts and labour of 5 to 24 percent of it, parts before products."""
    for index in sorted(boms, key=lambda made: (materials[made].level, made)):
        parts = sum((materials[part].cost * quantity for part, quantity in boms[index]), Decimal(0)).quantize(_CENT)
        labour = (parts * rng.randrange(5, 25) / 100).quantize(_CENT)
        materials[index] = replace(materials[index], price=parts, labour=labour)


def _bom_quantity(rng: Random, unit: str) -> Decimal:
    if unit in ("PCS", "SET"):
        return Decimal(rng.choice((1, 1, 2, 2, 4, 6, 8, 12)))
    return Decimal(rng.randrange(50, 20000)) / 1000


def _work_orders(rng: Random, sizes: Sizes, made: list[int]) -> Iterator[WorkOrder]:
    """In order of planned start over the last 17 months and the next month; older ones are closed."""
    first, days = date(2025, 6, 1), 565
    for number in range(1, sizes.work_orders + 1):
        plan_start = first + timedelta(days=days * (number - 1) // sizes.work_orders)
        plan_finish = plan_start + timedelta(days=rng.randrange(2, 22))
        qty = rng.choice((10, 20, 30, 50, 50, 80, 100, 100, 150, 200, 300, 500))
        state, start, finish = _progress(rng, plan_start, plan_finish)
        lot = f"L{plan_start:%y%m%d}-{number:06d}" if start else None
        yield WorkOrder(
            f"WORK{number:06d}", rng.choice(made), qty, state, plan_start, plan_finish, start, finish, lot,
            rng.randrange(1, sizes.sales_orders + 1), rng.randrange(len(words.WORKSHOPS)),
        )  # fmt: skip


def _progress(rng: Random, plan_start: date, plan_finish: date) -> tuple[str, datetime | None, datetime | None]:
    start = datetime(plan_start.year, plan_start.month, plan_start.day, 8) + timedelta(minutes=rng.randrange(0, 2880))
    if start.date() >= TODAY:
        return ("planned" if plan_start > TODAY + timedelta(days=14) else "confirmed"), None, None
    finish = start + timedelta(days=(plan_finish - plan_start).days, minutes=rng.randrange(-900, 3000))
    if finish.date() >= TODAY or rng.random() < 0.04:
        return "released", start, None
    return "closed", start, finish


def _equipment(rng: Random, count: int) -> Iterator[tuple[str, str, str, str]]:
    for number in range(1, count + 1):
        name, model = rng.choice(words.MACHINES)
        yield f"EQ-{number:04d}", f"{number}号{name}", model, rng.choice(words.WORKSHOPS)


def _employees(rng: Random, count: int) -> Iterator[tuple[str, str, str, str]]:
    for number in range(1, count + 1):
        department = "生产部" if rng.random() < 0.6 else rng.choice(words.DEPARTMENTS)
        yield f"E{number:05d}", names.person(rng), department, names.mobile(rng)
