"""Reads the files of an event log into tables of events."""
