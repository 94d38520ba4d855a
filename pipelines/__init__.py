"""When things run and in what order: the only package that knows Dagster.

Belongs here: asset definitions, components, checks, jobs, schedules, sensors; each step is a line or
two that calls `hub`. Does not belong here: anything about data values, SQL about data, reading sources.
"""
