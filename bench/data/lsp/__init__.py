"""Leeds Sports Poses, and its extension."""
