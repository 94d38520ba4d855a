"""The command line `waterworks`: one module per command.

Belongs here: arguments, wording, exit codes. Not here: work (hub, supervisor, `python -m pipelines.run`).
Modules that cost time are imported inside the command, so that --help is there at once.
"""
