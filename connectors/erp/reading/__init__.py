"""How a configured object is read again and again: statements, pages, and the four modes.

Belongs here: which rows travel, in which order, and what is remembered. Does not belong here: drivers (database/).
"""
