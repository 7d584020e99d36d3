"""Counters of multiply-adds, and why what they leave out is left out."""
