"""Path spectra of the blocks: the paper's polynomials and shares, gates and weights."""

from collections import Counter
from fractions import Fraction

import pytest
import torch
from torch import nn

from bench.receptive_fields.spectrum import path_spectrum, share_within, shares
from models import create_block, list_blocks

# PAPER.md, "Receptive field by unravelling": coefficients of z^0, z^1, ..., z = one 3x3.
POLYNOMIALS = {
    "residual": [1, 1],
    "inception_residual": [2, 1, 1],
    "ioi": [15, 17, 24, 15, 10, 3, 1],
}
# Likewise: share of the paths with at most two 3x3, under three matching rules; printed digits.
SHARES = [
    (("residual", 12), 0.019, 3),
    (("inception_residual", 6), 0.168, 3),
    (("ioi", 2), 0.241, 3),
    (("residual", 19), 0.0004, 4),
    (("ioi", 1), 0.659, 3),
    (("residual", 6), 0.344, 3),
    (("ioi", 6), 0.001, 3),
]
INPUT = torch.zeros(1, 4, 16, 16)


def chain(block: str, depth: int) -> nn.Module:
    return nn.Sequential(*(create_block(block, 4, 4) for _ in range(depth)))


def by_3x3(paths: dict[int, int]) -> list[int]:
    return [paths.get(1 + 2 * exponent, 0) for exponent in range((max(paths) + 1) // 2)]


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_a_block_has_the_papers_polynomial(name):
    spectrum = path_spectrum(create_block(name, 4, 4), INPUT)
    assert by_3x3(spectrum.paths) == POLYNOMIALS[name]
    assert spectrum.stride == 1
    assert not spectrum.gate_paths


@pytest.mark.parametrize(("blocks", "share", "digits"), SHARES)
def test_short_paths_have_the_papers_share(blocks, share, digits):
    spectrum = path_spectrum(chain(*blocks), INPUT)
    assert round(float(share_within(spectrum.paths, 5)), digits) == share


def test_equal_depths_by_the_papers_rule_see_equally_far():
    reach = {path_spectrum(chain(*blocks), INPUT).largest for blocks, _, _ in SHARES[:3]}
    assert reach == {25}


@pytest.mark.parametrize("name", ["aioi", "aioi_light"])
def test_gated_blocks_have_the_value_paths_of_ioi(name):
    spectrum = path_spectrum(create_block(name, 4, 4), INPUT)
    assert by_3x3(spectrum.paths) == POLYNOMIALS["ioi"]


@pytest.mark.parametrize("name", ["aioi", "aioi_light"])
def test_gate_paths_lead_through_the_fine_or_the_coarse_look(name):
    # Into each of three gates: a branch, then 3x3 at stride 1, or 3x3 at stride 2, 3x3 and a
    # bilinear mean of two cells at stride 2; then a 3x3 again. Sides of 3, 3 + 4 + 2 and 3.
    ways = [2 + 2, 2 + 4 + 2 + 2]
    expected: Counter[int] = Counter()
    for exponent, paths in enumerate(POLYNOMIALS["ioi"]):
        for way in ways:
            # The shortcut around the whole block enters no gate.
            expected[1 + 2 * exponent + way] += 3 * (paths - (exponent == 0))
    assert path_spectrum(create_block(name, 4, 4), INPUT).gate_paths == expected


def test_weights_share_every_merge_equally():
    # Shortcut 1/2; the body's three branches of 0, 1 and 2 3x3 share the other half.
    spectrum = path_spectrum(create_block("inception_residual", 4, 4), INPUT)
    assert spectrum.weights == {1: Fraction(2, 3), 3: Fraction(1, 6), 5: Fraction(1, 6)}


@pytest.mark.parametrize("name", list_blocks())
@pytest.mark.parametrize("channels", [(4, 4), (4, 6)])
def test_weights_sum_to_one(name, channels):
    spectrum = path_spectrum(create_block(name, *channels), INPUT)
    assert sum(spectrum.weights.values()) == 1
    assert sum(spectrum.gate_weights.values()) == (1 if "aioi" in name else 0)
    assert sum(shares(spectrum.paths).values()) == 1


def test_the_module_is_left_as_it_was():
    block = create_block("ioi", 4, 4)
    before = {name: value.clone() for name, value in block.state_dict().items()}
    path_spectrum(block, INPUT)
    assert block.training
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
