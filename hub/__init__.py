"""What the hub does to data: landing, cleansing, quality, matching, store, marts.

Belongs here: plain functions and SQL. Does not belong here: Dagster (pipelines), web code (portal).
"""
