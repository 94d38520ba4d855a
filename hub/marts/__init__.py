"""What people read: quality scores and business reports, computed from the store by SQL.

Belongs here: tables in mart.*. Not here: findings (quality), screens (portal).
"""
