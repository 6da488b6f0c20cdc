"""Tests of `trainer.maps`."""
