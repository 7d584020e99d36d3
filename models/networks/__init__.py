"""Whole networks without task logic."""
