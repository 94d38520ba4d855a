"""ERP databases: discovery, checks and reads, natively by SQLAlchemy or through ODBC.

`target.py` says what the URL of a system may look like; `native.py` and `odbc.py` talk to a database;
`query.py` turns one configured object into statements; `connector.py` pages through it.
Does not belong here: writing to an ERP, rules, the store.
"""
