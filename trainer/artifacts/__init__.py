"""What was trained made into an artifact, and other programs' files."""
