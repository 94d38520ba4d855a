"""Workbooks given to people: marked copies of their own, blank ones to fill in.

Belongs here: writing. Does not belong here: reading (filetypes/), what is marked and why (portal).
"""
