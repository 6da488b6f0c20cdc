"""A corpus in, two matrices of vectors out."""
