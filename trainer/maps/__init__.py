"""Puts items on a map: near each other where their vectors are."""
