"""Raw text to standard values: distinct values once, every change told, nothing guessed.

Belongs here: standardisers and match keys. Not here: judging values (quality), linking (matching).
"""
