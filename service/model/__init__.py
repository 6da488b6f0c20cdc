"""The model as it is stored and asked: everything the trainer may import."""
