"""Builds the table of what comes next."""
