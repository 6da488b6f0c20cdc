"""The comparison of two versions by requests that were recorded."""
