"""The SQL behind the pages; plain functions of a connection that return dictionaries."""
