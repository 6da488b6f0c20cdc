"""Every setting: what it is, and where its value comes from."""
