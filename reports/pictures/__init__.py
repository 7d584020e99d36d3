"""Plots and picture sheets."""
