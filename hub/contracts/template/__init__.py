"""The workbook people enter data in, made from a contract or from an upload template.

Belongs here: which columns it has, what they offer and refuse, and writing it. Does not belong here: reading a
filled-in workbook (connectors/excel) and checking it (hub/quality).
"""
