"""What the files of an event log say, event by event."""
