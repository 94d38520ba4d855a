"""The kinds of rules that need more than one dataset, or a dataset as a whole: one module per family.

Belongs here: SELECTs for PostgreSQL over the relations of `relations.py`, each returning the rows that fail as
(_dataset, _source_key, value, detail): value is the standard value as text, detail a jsonb with facts for the
sentence. Not here: which function makes which kind (`set_templates.py`), turning rows into findings
(`set_rules.py`). Plain SQL only, so that the same text runs on any PostgreSQL and on Citus.
"""
