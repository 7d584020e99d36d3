"""Data sets on one contract: rendered scenes and photographs, checked where they enter."""
