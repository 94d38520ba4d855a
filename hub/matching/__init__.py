"""Which records of different sources are the same customer, supplier or material.

Belongs here: match keys, linking, golden ids, the crosswalk. Not here: spelling rules (cleansing),
quality rules. The tables (master.*) outlive the method: a better one fills the same crosswalk.
"""
