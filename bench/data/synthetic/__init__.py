"""The embedded data set: procedural people, so that nothing need be downloaded."""

from bench.data.synthetic.dataset import SyntheticScenes, open_synthetic, synthetic_digest
from bench.data.synthetic.factors import RENDERER_VERSION, SceneFactors

__all__ = [
    "RENDERER_VERSION",
    "SceneFactors",
    "SyntheticScenes",
    "open_synthetic",
    "synthetic_digest",
]
