"""What a database has and whether it can be read, for people: `waterworks check` and `waterworks discover`.

Belongs here: points of a check, proposals of YAML. Does not belong here: reading rows (reading/).
"""
