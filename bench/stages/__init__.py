"""Where the time of a pipeline goes: its stages, timed at fixed numbers of people."""
