"""Builds artifacts from trained models, and converts models from and to other formats."""
