"""From a source into the store: stage raw Parquet, compare, clean, check, and merge in one transaction.

Belongs here: loads, cursors, leases, accounting. Not here: how to read a system (connectors), what
a value should look like (cleansing), what a rule says (quality).
"""
