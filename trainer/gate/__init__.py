"""Judges a version before it is published."""
