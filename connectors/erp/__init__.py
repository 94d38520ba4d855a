"""ERP databases as sources.

`connector.py` is the face to the hub, `account_sets.py` the same for an ERP kept in several databases;
`config.py`, `settings.py` and `recipe.py` say what may stand in defs.yaml. `database/` talks to one database
whatever its product, `reading/` says which rows travel and when, `examine/` checks and discovers for people.
Does not belong here: writing to an ERP, rules, the store.
"""
