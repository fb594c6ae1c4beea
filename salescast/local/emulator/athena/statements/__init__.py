"""Statements that are no queries: what is shown of the catalog, and what writes."""
