"""What a decoder can reach at best, and where the rest is lost."""
