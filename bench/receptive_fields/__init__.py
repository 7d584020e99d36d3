"""What a network sees: paths counted in its graph, and gradients measured."""
