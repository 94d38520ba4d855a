"""The web application: what people see in the browser.

Belongs here: routes, queries for screens, templates, static files. Not here: what the hub does to data.
"""
