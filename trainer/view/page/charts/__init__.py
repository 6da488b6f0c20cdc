"""Where everything on a chart is, in px; the templates of the same names draw it."""
