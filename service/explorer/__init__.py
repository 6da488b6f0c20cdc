"""The page to look at a model with."""
