"""How well a model predicts sessions it has not seen."""
