"""The measurements behind the speed claims: ours beside the limit and beside what people use today.

Belongs here: contenders that do the same job on the same data in one run, each in a process of its
own, and a check that they all came to the same result. Not here: tests (tests/benchmarks runs these
with few rows and asserts the result, never a time).
"""
