"""What is made from a contract: tables, rule SQL, GX suite, entry workbook, dictionary, and what a change breaks.

Belongs here: generators; each reads `schemas` and returns text, JSON or a workbook. Does not belong here:
checking data (hub/quality), loading (hub/landing), printing (portal/cli/contract.py).
"""
