"""The embedded data sets: procedural people, so that nothing need be downloaded."""
