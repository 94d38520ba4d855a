"""Opening files that anybody may have made: told apart by their bytes, pre-checked, read in a limited child process.

Belongs here: limits, the child, passwords. Does not belong here: what the cells mean (filetypes/, finding/).
"""
