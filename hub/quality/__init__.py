"""Is the data right: contract rules compiled to SQL, findings, their sentences, and Great Expectations.

Belongs here: judging standard values. Not here: changing them (cleansing), loading them (landing),
scores over findings (marts).
"""
