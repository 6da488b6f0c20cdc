"""Serves a published model over HTTP."""
