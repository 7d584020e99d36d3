"""The bottom-up pipelines at a preset's size, and the ceilings of their decoder."""

from typing import Any

from ablations.pipeline_presets import PipelineSize
from ablations.whole_images import Setting, protocol
from bench.experiment import ModelSpec
from bench.jobs import CeilingExperiment

_CEILING_STRIDES = (4, 8)
# Small inputs have a ceiling of their own; this one shows how much of theirs is the grid's.
_CEILING_INPUT = 256
# A limb narrower than this share of a cell may pass between the cells' centres and leave no field,
# and a joint's Gaussian between them no peak.
_LEAST_CELLS = 0.75


def paf6(size: PipelineSize) -> ModelSpec:
    """Return PAF with six stages at the preset's width."""
    arguments = {"width": size.width_factor, "stride": size.paf_stride}
    return ModelSpec("paf6", arguments | _learning(size, size.paf_stride))


def mspaf3(size: PipelineSize, block: str = "aioi_light", plugin: str = "") -> ModelSpec:
    """Return the multiscale PAF with three stages at the preset's width."""
    arguments = {"block": block, "width": size.width_factor, "stride": size.mspaf_stride}
    return ModelSpec("mspaf3", arguments | _learning(size, size.mspaf_stride), plugin)


def ceilings(setting: Setting) -> tuple[CeilingExperiment, ...]:
    """Return the decoder on true fields, at both strides, of the preset's and of a large input."""
    inputs = dict.fromkeys((setting.size.input_size, _CEILING_INPUT))
    return tuple(
        CeilingExperiment(
            f"true fields, {side} px, stride {stride}",
            # The smallest network there is: only targets and decoder are used.
            ModelSpec(
                "mspaf3",
                {"block": "residual", "depth": 1, "trunk_depth": 1, "stages": 1, "width": 1 / 16}
                | {"stride": stride}
                | _targets(setting.size, stride),
            ),
            setting.data,
            protocol(side),
        )
        for side in inputs
        for stride in _CEILING_STRIDES
    )


def _learning(size: PipelineSize, stride: int) -> dict[str, Any]:
    return _targets(size, stride) | {"foreground": size.foreground}


def _targets(size: PipelineSize, stride: int) -> dict[str, Any]:
    least = _LEAST_CELLS * stride
    return {
        "sigma": max(size.sigma, least),
        "half_width": max(size.half_width, least),
        "grouping": {"min_parts": size.min_parts},
    }
