"""File formats: from the bytes of a workbook or a text to cells with exact addresses.

Belongs here: one reader per format and what they share. Does not belong here: which rows are data (finding/),
opening strangers' files with limits (safety/).
"""
