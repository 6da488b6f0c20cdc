"""What can be set, and how flags, environment, file and preset are merged."""
