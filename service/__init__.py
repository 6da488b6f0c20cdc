"""Reads the artifact, answers HTTP."""
