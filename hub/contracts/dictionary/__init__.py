"""The data dictionary: one self-contained HTML page per entity, and an index.

Belongs here: pages people read or print. Does not belong here: the portal's pages (portal/web).
"""
