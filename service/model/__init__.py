"""Storing, loading and querying a model: shared by service and trainer."""
