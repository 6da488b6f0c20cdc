"""How good a model is for sessions that it has not seen."""
