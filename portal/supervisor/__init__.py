"""Starts and watches everything that `waterworks up` runs, and leaves no process behind.

Belongs here: processes, ports, the run file. Not here: what the processes do; the commands (portal/cli).
"""
