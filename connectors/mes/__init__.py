"""MES and other REST APIs that list records: log in, page, flatten.

`transport.py` sends one request and retries; `client.py` adds the token and the envelope; `paging.py`
walks a list; `items.py` makes rows; `connector.py` ties them together.
Does not belong here: writing to a MES, rules, the store.
"""
