"""Charts as positions, which the templates of the same names draw.

A chart is as wide as the page lets it be, and its text always has the same size: what lies across
is in per cent of the width, what lies up and down in px.
"""
