"""Two versions of a contract: what changed, whether it breaks something, and whom.

Belongs here: comparing, and naming who is concerned. Does not belong here: what `rules try` would find in a file.
"""
