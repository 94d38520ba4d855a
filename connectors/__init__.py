"""How to talk to a system: ERP databases, workbooks and CSV, MES REST APIs.

Belongs here: discover, read in bounded batches, report position, check a connection.
Does not belong here: rules, cleansing, the store, Dagster, web code.
"""
