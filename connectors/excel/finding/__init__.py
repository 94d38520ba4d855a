"""Finding a template's table in cells: sheets, headers, rows that are data, and why.

Belongs here: decisions about cells, each told as a note. Does not belong here: file formats (filetypes/).
"""
