"""How models are compared: data, metrics, training, costs, clocks and records."""
