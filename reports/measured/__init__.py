"""Records gathered by a plan: comparisons, ceilings, clocks, and what is missing."""
