"""Serves a published model over HTTP."""

__version__ = "0.1.0"
