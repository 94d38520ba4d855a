"""One module per page: its routes and the values its template of the same name shows."""
