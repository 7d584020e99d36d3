"""Whether records can be believed, and what running them again gives."""
