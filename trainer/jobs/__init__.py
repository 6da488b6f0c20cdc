"""What the command line runs from beginning to end."""
