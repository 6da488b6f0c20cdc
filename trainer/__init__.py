"""Event log in, artifact out."""
