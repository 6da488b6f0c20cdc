"""Measurements beside gensim, run by hand and never as tests."""
