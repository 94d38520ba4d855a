"""Workbooks and CSV files as a source: recognise, read in a limited child process, mark, hand out templates."""
