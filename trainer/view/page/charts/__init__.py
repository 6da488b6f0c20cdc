"""Charts as positions in px, which the templates of the same names draw."""
