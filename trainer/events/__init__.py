"""Event logs in, a corpus out."""
