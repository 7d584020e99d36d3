"""How right a model is: OKS average precision, PCK, and how sure both are."""
