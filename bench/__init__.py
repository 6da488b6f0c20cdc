"""Benchmarks against gensim and counting, run by hand and never as tests."""
