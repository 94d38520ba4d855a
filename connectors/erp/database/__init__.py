"""One open ERP database, whatever its product and driver: addresses, drivers, catalogue, exact values, errors, pace.

Belongs here: everything that differs from database to database. Does not belong here: what an object reads and
when (reading/), checks and proposals for people (examine/).
"""
