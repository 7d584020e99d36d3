"""One file a suite: the page and the tables of its records."""
