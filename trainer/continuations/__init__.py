"""Builds the table of continuations: which items come next after each item."""
