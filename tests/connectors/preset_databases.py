"""Small databases in the shape of Kingdee K/3, Kingdee Cloud Galaxy and Yonyou U8, with the traps such databases have.

Belongs here: tables and rows. Does not belong here: assertions. Tables have every column the recipes of the
preset read; a column no row fills is a text that is NULL everywhere.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from connectors.erp.config import ErpTableConfig
from connectors.erp.presets import presets

Rows = dict[str, list[dict[str, Any]]]
D = Decimal
PADDED = 12  # width of CHAR columns


class Padded(str):
    """A text of a CHAR column, which the database pads with blanks."""


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number)


def seed(url: str, preset: str, rows: Rows, wide: tuple[str, ...] = ()) -> None:
    """Create and fill the tables of a preset in an empty database. wide: columns of texts without a limit."""
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    for name, (columns, key) in _shapes(preset, rows).items():
        filled = rows.get(name, [])
        sa.Table(
            sa.quoted_name(name, quote=True),
            metadata,
            *(
                sa.Column(
                    sa.quoted_name(column, quote=True),
                    sa.UnicodeText() if column in wide else _type_of([row.get(column) for row in filled]),
                    primary_key=column in key,
                    autoincrement=False,
                )
                for column in columns
            ),
        )
    metadata.create_all(engine)
    with engine.begin() as connection:
        for name, filled in rows.items():
            table = metadata.tables[name]
            for row in filled:
                connection.execute(table.insert().values(row))
    engine.dispose()


def _shapes(preset: str, rows: Rows) -> dict[str, tuple[list[str], list[str]]]:
    """{table: (columns, key)} that the recipes of a preset need, and the rows fill."""
    columns: dict[str, dict[str, None]] = {}
    keys: dict[str, list[str]] = {}

    def need(table: str, *names: str) -> None:
        columns.setdefault(table, {}).update(dict.fromkeys(names))

    for item in presets()[preset].objects.values():
        config = ErpTableConfig(system="x", object=item.object, preset=item.name)
        tables = {"": config.table, **{join.name: join.table for join in config.joins}}
        keys[config.table] = list(config.key)
        need(config.table, *config.key, *config.columns)
        mentioned = [*config.where, *(name for part in config.any_of for name in part)]
        mentioned += [part for item in config.computed.values() for part in item.parts]
        for join in config.joins:
            need(join.table, *join.match.values(), *join.columns.values(), *join.where)
            mentioned += join.match
        for name in mentioned:
            alias, _, column = name.rpartition(".")
            need(tables[alias], column)
    for name, filled in rows.items():
        need(name, *(column for row in filled for column in row))
    return {name: (list(found), keys.get(name, [])) for name, found in columns.items()}


def _type_of(values: list[Any]) -> sa.types.TypeEngine[Any]:
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, int) for value in given):
        return sa.BigInteger()
    if given and all(isinstance(value, int | Decimal) for value in given):
        return sa.Numeric(23, 10)
    if given and all(isinstance(value, datetime) for value in given):
        return sa.DateTime()
    if any(isinstance(value, Padded) for value in given):
        return sa.CHAR(PADDED)
    return sa.String(80)


K3: Rows = {
    # Groups and leaves in one table; 301 and 401 are a customer's and a supplier's leaf.
    "t_Item": [
        {"FItemID": 10, "FItemClassID": 4, "FNumber": "13", "FName": "成品", "FDetail": 0, "FParentID": 0},
        {"FItemID": 101, "FItemClassID": 4, "FNumber": "13.001", "FName": "泵", "FDetail": 1, "FParentID": 10},
        {"FItemID": 102, "FItemClassID": 4, "FNumber": "13.002", "FName": "轴", "FDetail": 1, "FParentID": 10},
        {"FItemID": 30, "FItemClassID": 1, "FNumber": "C", "FName": "华东", "FDetail": 0, "FParentID": 0},
        {"FItemID": 301, "FItemClassID": 1, "FNumber": "C.001", "FName": "苏州机械", "FDetail": 1, "FParentID": 30},
        {"FItemID": 401, "FItemClassID": 8, "FNumber": "S.001", "FName": "宁波钢材", "FDetail": 1, "FParentID": 0},
    ],
    "t_ICItem": [
        {"FItemID": 10, "FNumber": "13", "FName": "成品", "FUnitID": 0, "FErpClsID": 0, "FDeleted": 0},
        {"FItemID": 101, "FNumber": "13.001", "FName": "离心泵", "FModel": "IS50", "FUnitID": 1, "FErpClsID": 2,
         "FPlanPrice": D("1234.5600000000"), "FBatchManager": 1, "FDeleted": 0},
        {"FItemID": 102, "FNumber": "13.002", "FName": "轴", "FModel": " ", "FUnitID": 2, "FErpClsID": 1,
         "FBatchManager": 0, "FDeleted": 1},
    ],
    "t_MeasureUnit": [
        {"FMeasureUnitID": 1, "FName": Padded("PCS"), "FCoefficient": D(1)},
        {"FMeasureUnitID": 2, "FName": Padded("KG"), "FCoefficient": D(1)},
        {"FMeasureUnitID": 3, "FName": Padded("BOX"), "FCoefficient": D(10)},
    ],
    "t_Organization": [
        {"FItemID": 30, "FNumber": "C", "FName": "华东", "FDeleted": 0},
        {"FItemID": 301, "FNumber": "C.001", "FName": "苏州机械有限公司", "FShortName": "苏机", "FDeleted": 0},
    ],
    "t_Supplier": [{"FItemID": 401, "FNumber": "S.001", "FName": "宁波钢材有限公司", "FDeleted": 0}],
    "t_Department": [{"FItemID": 501, "FName": "总装车间"}],
    "t_Stock": [{"FItemID": 601, "FName": "成品仓"}, {"FItemID": 602, "FName": "原料仓"}],
    # 7001: made in lots of 4; 7002 is cancelled.
    "ICBOM": [
        {"FInterID": 7001, "FBOMNumber": "BOM001", "FItemID": 101, "FVersion": "V1", "FUseStatus": 1072,
         "FAuxQty": D(4), "FCancellation": 0},
        {"FInterID": 7002, "FBOMNumber": "BOM002", "FItemID": 101, "FVersion": "V0", "FUseStatus": 1073,
         "FAuxQty": D(1), "FCancellation": 1},
    ],
    "ICBOMChild": [
        {"FInterID": 7001, "FEntryID": 1, "FItemID": 102, "FQty": D(1), "FAuxQty": D(1), "FScrap": D("1.5"),
         "FUnitID": 2, "FBeginDay": day(1, 1), "FEndDay": day(12, 31)},
        {"FInterID": 7002, "FEntryID": 1, "FItemID": 102, "FQty": D(9), "FAuxQty": D(9), "FUnitID": 2},
    ],
    # 82 is another kind of document in the same table.
    "ICMO": [
        {"FInterID": 8001, "FBillNo": "WO001", "FTranType": 85, "FItemID": 101, "FQty": D(20), "FAuxQty": D(2),
         "FUnitID": 3, "FStatus": 1, "FCancellation": 0, "FWorkShop": 501, "FPlanCommitDate": day(3, 1)},
        {"FInterID": 8002, "FBillNo": "WO002", "FTranType": 85, "FItemID": 101, "FQty": D(5), "FAuxQty": D(5),
         "FUnitID": 1, "FStatus": 1, "FCancellation": 1, "FWorkShop": 501},
        {"FInterID": 8003, "FBillNo": "PX001", "FTranType": 82, "FItemID": 101, "FQty": D(1), "FAuxQty": D(1),
         "FUnitID": 1, "FStatus": 1, "FCancellation": 0},
    ],
    "SEOrder": [
        {"FInterID": 9001, "FBillNo": "SO001", "FDate": day(2, 10), "FCustID": 301, "FStatus": 2, "FCancellation": 0},
        {"FInterID": 9002, "FBillNo": "SO002", "FDate": day(2, 11), "FCustID": 999, "FStatus": 1, "FCancellation": 1},
    ],
    "SEOrderEntry": [
        {"FInterID": 9001, "FEntryID": 1, "FItemID": 101, "FQty": D(30), "FAuxQty": D(3), "FUnitID": 3,
         "FAuxPrice": D("865.5"), "FAmount": D("2596.5"), "FDate": day(3, 20)},
        {"FInterID": 9002, "FEntryID": 1, "FItemID": 102, "FQty": D(1), "FAuxQty": D(1), "FUnitID": 2,
         "FAuxPrice": D(2), "FAmount": D(2), "FDate": day(3, 21)},
    ],
    # 71 is no stock movement (an invoice would be another table); it must not come.
    "ICStockBill": [
        {"FInterID": 11, "FBillNo": "WIN001", "FDate": day(3, 2), "FTranType": 1, "FSupplyID": 401, "FStatus": 1,
         "FCancellation": 0},
        {"FInterID": 12, "FBillNo": "XOUT001", "FDate": day(3, 3), "FTranType": 21, "FSupplyID": 301, "FStatus": 0,
         "FCancellation": 0},
        {"FInterID": 13, "FBillNo": "CHG001", "FDate": day(3, 4), "FTranType": 41, "FSupplyID": 0, "FStatus": 1,
         "FCancellation": 1},
        {"FInterID": 14, "FBillNo": "XX001", "FDate": day(3, 5), "FTranType": 71, "FSupplyID": 0, "FStatus": 1,
         "FCancellation": 0},
    ],
    "ICStockBillEntry": [
        {"FInterID": 11, "FEntryID": 1, "FItemID": 102, "FBatchNo": "L1", "FQty": D(7), "FAuxQty": D(7), "FUnitID": 2,
         "FDCStockID": 602, "FSCStockID": 0},
        {"FInterID": 12, "FEntryID": 1, "FItemID": 101, "FQty": D(20), "FAuxQty": D(2), "FUnitID": 3,
         "FDCStockID": 601, "FSCStockID": 0, "FICMOBillNo": "WO001"},
        {"FInterID": 13, "FEntryID": 1, "FItemID": 101, "FQty": D(1), "FAuxQty": D(1), "FUnitID": 1,
         "FDCStockID": 601, "FSCStockID": 602},
        {"FInterID": 14, "FEntryID": 1, "FItemID": 101, "FQty": D(1), "FAuxQty": D(1), "FUnitID": 1},
    ],
}  # fmt: skip

_BOTH = (2052, 1033)


def _named(key: str, number: int, zh: str, en: str) -> list[dict[str, Any]]:
    """The rows of a _L table: one per language."""
    return [{key: number, "FLOCALEID": locale, "FNAME": name} for locale, name in zip(_BOTH, (zh, en), strict=True)]


_APPROVED = {"FDOCUMENTSTATUS": Padded("C"), "FCANCELSTATUS": Padded("A"), "FDATE": day(3, 2)}

GALAXY: Rows = {
    # 1003 is the row of 1001 in another organisation; 1004 a draft.
    "T_BD_MATERIAL": [
        {"FMATERIALID": 1001, "FMASTERID": 1001, "FNUMBER": "CP001", "FUSEORGID": 1, "FDOCUMENTSTATUS": Padded("C"),
         "FFORBIDSTATUS": Padded("A")},
        {"FMATERIALID": 1002, "FMASTERID": 1002, "FNUMBER": "YL001", "FUSEORGID": 1, "FDOCUMENTSTATUS": Padded("C"),
         "FFORBIDSTATUS": Padded("B")},
        {"FMATERIALID": 1003, "FMASTERID": 1001, "FNUMBER": "CP001", "FUSEORGID": 2, "FDOCUMENTSTATUS": Padded("C"),
         "FFORBIDSTATUS": Padded("A")},
        {"FMATERIALID": 1004, "FMASTERID": 1004, "FNUMBER": "CP002", "FUSEORGID": 1, "FDOCUMENTSTATUS": Padded("Z"),
         "FFORBIDSTATUS": Padded("A")},
    ],
    "T_BD_MATERIAL_L": [*_named("FMATERIALID", 1001, "离心泵", "Pump"), *_named("FMATERIALID", 1002, "圆钢", "Bar"),
                        *_named("FMATERIALID", 1003, "离心泵", "Pump")],
    "T_BD_MATERIALBASE": [
        {"FMATERIALID": 1001, "FERPCLSID": Padded("2"), "FBASEUNITID": 1},
        {"FMATERIALID": 1002, "FERPCLSID": Padded("1"), "FBASEUNITID": 2},
    ],
    "T_BD_MATERIALSTOCK": [{"FMATERIALID": 1001, "FISBATCHMANAGE": Padded("1")}],
    "T_BD_UNIT_L": [*_named("FUNITID", 1, "个", "Pcs"), *_named("FUNITID", 2, "千克", "kg"),
                    *_named("FUNITID", 3, "箱", "Box")],
    "T_BD_CUSTOMER": [
        {"FCUSTID": 21, "FMASTERID": 21, "FNUMBER": "CUST0001", "FDOCUMENTSTATUS": Padded("C"),
         "FFORBIDSTATUS": Padded("A")},
        {"FCUSTID": 22, "FMASTERID": 21, "FNUMBER": "CUST0001", "FDOCUMENTSTATUS": Padded("C"),
         "FFORBIDSTATUS": Padded("A")},
    ],
    "T_BD_CUSTOMER_L": _named("FCUSTID", 21, "苏州机械有限公司", "Suzhou Machinery"),
    "T_BD_SUPPLIER": [
        {"FSUPPLIERID": 31, "FMASTERID": 31, "FNUMBER": "VEN0001", "FDOCUMENTSTATUS": Padded("C"),
         "FFORBIDSTATUS": Padded("A")},
    ],
    "T_BD_SUPPLIERBASE": [{"FSUPPLIERID": 31, "FADDRESS": "宁波市北仑区明州路 1 号"}],
    "T_BD_SUPPLIER_L": _named("FSUPPLIERID", 31, "宁波钢材有限公司", "Ningbo Steel"),
    "T_BD_DEPARTMENT_L": _named("FDEPTID", 41, "总装车间", "Assembly"),
    "T_BD_STOCK_L": [*_named("FSTOCKID", 51, "成品仓", "Finished"), *_named("FSTOCKID", 52, "原料仓", "Raw")],
    "T_BD_LOTMASTER": [{"FLOTID": 61, "FNUMBER": "L20260302"}],
    "T_ENG_BOM": [{"FID": 71, "FNUMBER": "CP001_V1.0", "FMATERIALID": 1001, "FUSEORGID": 1,
                   "FDOCUMENTSTATUS": Padded("C"), "FFORBIDSTATUS": Padded("A")}],
    # 1/3: no decimal has it exactly. FENTRYID 712 is a substitute.
    "T_ENG_BOMCHILD": [
        {"FENTRYID": 711, "FID": 71, "FSEQ": 1, "FMATERIALID": 1002, "FMATERIALTYPE": Padded("1"), "FNUMERATOR": D(1),
         "FDENOMINATOR": D(3), "FSCRAPRATE": D("2.5"), "FUNITID": 2},
        {"FENTRYID": 712, "FID": 71, "FSEQ": 2, "FMATERIALID": 1002, "FMATERIALTYPE": Padded("3"), "FNUMERATOR": D(1),
         "FDENOMINATOR": D(1), "FUNITID": 2},
    ],
    "T_PRD_MO": [{"FID": 81, "FBILLNO": "MO000001", **_APPROVED}],
    "T_PRD_MOENTRY": [
        {"FENTRYID": 811, "FID": 81, "FSEQ": 1, "FMATERIALID": 1003, "FQTY": D(2), "FUNITID": 3, "FBASEUNITQTY": D(20),
         "FBASEUNITID": 1, "FWORKSHOPID": 41, "FPRODUCTTYPE": Padded("1"), "FPLANSTARTDATE": day(3, 1)},
        {"FENTRYID": 812, "FID": 81, "FSEQ": 2, "FMATERIALID": 1002, "FQTY": D(1), "FUNITID": 2, "FBASEUNITQTY": D(1),
         "FBASEUNITID": 2, "FPRODUCTTYPE": Padded("3")},
    ],
    "T_PRD_MOENTRY_A": [{"FENTRYID": 811, "FSTATUS": Padded("4"), "FSTARTDATE": day(3, 2)}],
    "T_SAL_ORDER": [
        {"FID": 91, "FBILLNO": "XSDD0001", "FCUSTID": 22, "FCLOSESTATUS": Padded("A"), **_APPROVED},
        {"FID": 92, "FBILLNO": "XSDD0002", "FCUSTID": 21, "FCLOSESTATUS": Padded("B"), **_APPROVED},
    ],
    "T_SAL_ORDERENTRY": [
        {"FENTRYID": 911, "FID": 91, "FSEQ": 1, "FMATERIALID": 1001, "FQTY": D(3), "FUNITID": 3, "FBASEUNITQTY": D(30),
         "FBASEUNITID": 1},
        {"FENTRYID": 921, "FID": 92, "FSEQ": 1, "FMATERIALID": 1001, "FQTY": D(1), "FUNITID": 1, "FBASEUNITQTY": D(1),
         "FBASEUNITID": 1},
    ],
    "T_SAL_ORDERENTRY_F": [{"FENTRYID": 911, "FPRICE": D("865.5"), "FAMOUNT": D("2596.5")},
                           {"FENTRYID": 921, "FPRICE": D(90), "FAMOUNT": D(90)}],
    "T_SAL_ORDERENTRY_D": [{"FENTRYID": 911, "FDELIVERYDATE": day(3, 20)}],
    "T_STK_INSTOCK": [{"FID": 1, "FBILLNO": "CGRK0001", "FSUPPLIERID": 31, **_APPROVED}],
    "T_STK_INSTOCKENTRY": [{"FENTRYID": 1, "FID": 1, "FSEQ": 1, "FMATERIALID": 1002, "FREALQTY": D(7), "FUNITID": 2,
                            "FBASEUNITQTY": D(7), "FBASEUNITID": 2, "FSTOCKID": 52, "FLOT": 61}],
    "T_PRD_INSTOCK": [{"FID": 2, "FBILLNO": "SCRK0001", **_APPROVED}],
    "T_PRD_INSTOCKENTRY": [{"FENTRYID": 2, "FID": 2, "FSEQ": 1, "FMATERIALID": 1001, "FREALQTY": D(2), "FUNITID": 3,
                            "FBASEREALQTY": D(20), "FBASEUNITID": 1, "FSTOCKID": 51, "FMOBILLNO": "MO000001",
                            "FMOENTRYSEQ": 1, "FLOT": 0}],
    "T_PRD_PICKMTRL": [{"FID": 3, "FBILLNO": "SOUT0001", **_APPROVED}],
    "T_PRD_PICKMTRLDATA": [{"FENTRYID": 3, "FID": 3, "FSEQ": 1, "FMATERIALID": 1002, "FACTUALQTY": D(4), "FUNITID": 2,
                            "FBASEACTUALQTY": D(4), "FBASEUNITID": 2, "FSTOCKID": 52, "FMOBILLNO": "MO000001",
                            "FMOENTRYSEQ": 1, "FLOT": 61}],
    "T_SAL_OUTSTOCK": [{"FID": 4, "FBILLNO": "XSCK0001", "FCUSTOMERID": 22, **_APPROVED,
                        "FCANCELSTATUS": Padded("B")}],
    "T_SAL_OUTSTOCKENTRY": [{"FENTRYID": 4, "FID": 4, "FSEQ": 1, "FMATERIALID": 1001, "FREALQTY": D(3), "FUNITID": 3,
                             "FBASEUNITQTY": D(30), "FBASEUNITID": 1, "FSTOCKID": 51, "FLOT": 0}],
    "T_STK_MISCELLANEOUS": [{"FID": 5, "FBILLNO": "QTRK0001", **_APPROVED, "FDOCUMENTSTATUS": Padded("A")}],
    "T_STK_MISCELLANEOUSENTRY": [{"FENTRYID": 5, "FID": 5, "FSEQ": 1, "FMATERIALID": 1001, "FQTY": D(1), "FUNITID": 1,
                                  "FBASEQTY": D(1), "FBASEUNITID": 1, "FSTOCKID": 51, "FLOT": 0}],
    "T_STK_MISDELIVERY": [{"FID": 6, "FBILLNO": "QTCK0001", **_APPROVED}],
    "T_STK_MISDELIVERYENTRY": [{"FENTRYID": 6, "FID": 6, "FSEQ": 1, "FMATERIALID": 1001, "FQTY": D(1), "FUNITID": 1,
                                "FBASEQTY": D(1), "FBASEUNITID": 1, "FSTOCKID": 51, "FLOT": 0}],
    "T_STK_STKTRANSFERIN": [{"FID": 7, "FBILLNO": "ZJDB0001", **_APPROVED}],
    "T_STK_STKTRANSFERINENTRY": [{"FENTRYID": 7, "FID": 7, "FSEQ": 1, "FMATERIALID": 1001, "FQTY": D(1), "FUNITID": 3,
                                  "FBASEQTY": D(10), "FBASEUNITID": 1, "FDESTSTOCKID": 51, "FSRCSTOCKID": 52,
                                  "FLOT": 0}],
}  # fmt: skip


def _line(number: int, item: str, quantity: str, second: str | None = None, **more: Any) -> dict[str, Any]:
    """A line of a U8 stock document; `second`: the quantity in boxes of ten."""
    boxes = {"iNum": D(second), "cAssUnit": "03", "iInvExchRate": D(10)} if second else {}
    return {"AutoID": number, "ID": number, "iRowNo": 1, "cInvCode": item, "iQuantity": D(quantity), **boxes, **more}


def _head(number: int, code: str, **more: Any) -> dict[str, Any]:
    return {"ID": number, "cCode": code, "dDate": day(3, 2), "cWhCode": "W1", **more}


def u8(account: str = "") -> Rows:
    """One account set of U8; `account` tells the names of two sets apart."""
    return {
        "Inventory": [
            {"cInvCode": "P-001", "cInvName": f"离心泵{account}", "cInvStd": "IS50", "cComUnitCode": "01",
             "bPurchase": 0, "bSelf": 1, "bProxyForeign": 0, "bInvBatch": 1, "iInvRCost": D("1234.56"),
             "dSDate": day(1, 1)},
            {"cInvCode": "R-001", "cInvName": f"圆钢{account}", "cComUnitCode": "02", "bPurchase": 1, "bSelf": 0,
             "bProxyForeign": 0, "bInvBatch": 0},
        ],
        "ComputationUnit": [{"cComunitCode": "01", "cComUnitName": "个"}, {"cComunitCode": "03", "cComUnitName": "箱"},
                            {"cComunitCode": "02", "cComUnitName": "千克"}],
        # The same item three times: without free items, red, and blue in size L.
        "bas_part": [
            {"PartId": 1, "InvCode": "P-001"},
            {"PartId": 2, "InvCode": "P-001", "Free1": "红", "Free2": " "},
            {"PartId": 3, "InvCode": "P-001", "Free1": "蓝", "Free2": "L"},
            {"PartId": 4, "InvCode": "R-001", "Free1": ""},
        ],
        "Customer": [{"cCusCode": "C001", "cCusName": f"苏州机械有限公司{account}", "cCusAbbName": "苏机"}],
        "Vendor": [{"cVenCode": "V001", "cVenName": f"宁波钢材有限公司{account}"}],
        "Department": [{"cDepCode": "D1", "cDepName": "总装车间"}],
        "Warehouse": [{"cWhCode": "W1", "cWhName": "成品仓"}, {"cWhCode": "W2", "cWhName": "原料仓"}],
        "bom_bom": [{"BomId": 1, "Version": 10, "Status": 3}, {"BomId": 2, "Version": 10, "Status": 4}],
        "bom_parent": [
            {"BomId": 1, "ParentId": 1, "ParentScrap": D(0)},
            {"BomId": 2, "ParentId": 3, "ParentScrap": D(0)},
        ],
        "bom_opcomponent": [
            {"OpComponentId": 11, "BomId": 1, "SortSeq": 10, "ComponentId": 4, "BaseQtyN": D(2), "BaseQtyD": D(5),
             "CompScrap": D(3)},
            {"OpComponentId": 21, "BomId": 2, "SortSeq": 10, "ComponentId": 4, "BaseQtyN": D(1), "BaseQtyD": D(0)},
        ],
        "mom_order": [{"MoId": 1, "MoCode": "0000000001"}],
        "mom_orderdetail": [
            {"MoDId": 11, "MoId": 1, "SortSeq": 1, "PartId": 2, "InvCode": "P-001", "Qty": D(20), "Status": 3,
             "MDeptCode": "D1", "MoLotCode": "L1"},
            {"MoDId": 12, "MoId": 1, "SortSeq": 2, "PartId": 1, "InvCode": "P-001", "Qty": D(5), "Status": 4,
             "CloseDate": day(3, 9)},
        ],
        "mom_morder": [{"MoDId": 11, "StartDate": day(3, 1), "DueDate": day(3, 8)}],
        "SO_SOMain": [{"ID": 1, "cSOCode": "SO001", "dDate": day(2, 10), "cCusCode": "C001", "iStatus": 1}],
        "SO_SODetails": [
            {"iSOsID": 11, "ID": 1, "iRowNo": 1, "cInvCode": "P-001", "iQuantity": D(30), "iNum": D(3), "cUnitID": "03",
             "iInvExchRate": D(10), "iNatUnitPrice": D("86.55"), "iNatMoney": D("2596.5"), "dPreDate": day(3, 20),
             "cFree1": "红"},
        ],
        "rdrecord01": [_head(1, "RK001", cVenCode="V001")], "rdrecords01": [_line(1, "R-001", "7", cBatch="L1")],
        "rdrecord08": [_head(2, "QR001")], "rdrecords08": [_line(2, "R-001", "1")],
        "rdrecord09": [_head(3, "QC001")], "rdrecords09": [_line(3, "R-001", "1")],
        "rdrecord10": [_head(4, "CP001")],
        "rdrecords10": [_line(4, "P-001", "20", "2", cMoCode="0000000001", iMoSeq=1)],
        "rdrecord11": [_head(5, "CL001", cWhCode="W2")], "rdrecords11": [_line(5, "R-001", "4", cMoCode="0000000001",
                                                                              iMoSeq=1)],
        "rdrecord32": [_head(6, "XC001", cCusCode="C001")], "rdrecords32": [_line(6, "P-001", "30", "3", cFree1="红")],
        "TransVouch": [{"ID": 7, "cTVCode": "DB001", "dTVDate": day(3, 2), "cOWhCode": "W2", "cIWhCode": "W1"}],
        "TransVouchs": [{"autoID": 7, "ID": 7, "iRowNo": 1, "cInvCode": "P-001", "iTVQuantity": D(10)}],
    }  # fmt: skip
