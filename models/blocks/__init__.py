"""One file a variant; importing this package registers them all."""

from models.blocks import residual, inception_residual, ioi, aioi  # isort: skip  # table order

__all__ = ["aioi", "inception_residual", "ioi", "residual"]
