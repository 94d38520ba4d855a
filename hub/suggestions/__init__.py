"""Suggestions and decisions: what a value was probably meant to be, who said so, and what follows from it.

Belongs here: finding suggestions by comparing rows, keeping them, deciding on them. Not here: suggestions of a single
text (the standardisers, hub/cleansing), laying decisions over values (hub/cleansing/decisions.py), screens (portal).
"""
