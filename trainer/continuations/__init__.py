"""What comes next: counts, smoothed by the vectors."""
