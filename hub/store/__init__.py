"""The unified store: one PostgreSQL database, its tables, migrations and the embedded server.

Belongs here: table definitions, connections, schema changes. Not here: what is written into them.
"""
