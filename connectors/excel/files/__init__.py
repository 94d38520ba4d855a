"""Where workbooks come from and which one counts: folders, mail and SFTP, versions, comparison.

Belongs here: files as a whole. Does not belong here: their content (filetypes/, finding/).
"""
