"""Workbooks and text files as a source.

`connector.py` is the face to the hub. `files/` finds the file that counts (folders, mail, SFTP, versions),
`safety/` opens it in a limited child process, `filetypes/` turns its bytes into cells, `finding/` finds the
template's table in them, `marking/` writes marked and blank workbooks for people.
"""
