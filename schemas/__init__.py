"""What data means: contracts, mappings, templates, code lists and their typed loaders.

Belongs here: data files and the code that reads and checks them; the wording of problems.
Does not belong here: talking to systems (connectors), changing data (hub), Dagster or web code.
"""
