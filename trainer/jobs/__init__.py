"""The jobs that the command line runs, each from start to finish."""
