"""Looks at files of unknown data and suggests settings for them."""
