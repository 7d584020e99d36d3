"""Receptive fields are drawn: with the paper's shares written out, and awkward ones too."""

from fractions import Fraction
from itertools import pairwise
from math import comb
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from bench.receptive_fields.gradients import EffectiveField
from reports.pictures.field_plot import (
    FieldCurves,
    SpectrumBars,
    draw_effective_fields,
    draw_spectra,
)


def residuals(depth: int, place: int = 0, step: int = 2) -> SpectrumBars:
    """(1 + z) ** depth, whose paths have equal weights."""
    share = np.array([float(Fraction(comb(depth, k), 2**depth)) for k in range(depth + 1)])
    sizes = 1 + step * np.arange(depth + 1)
    return SpectrumBars(f"block_{place}", place, depth, sizes, share, share)


def field(radii: list[float], held: list[float]) -> EffectiveField:
    return EffectiveField(np.array(radii), np.array(held))


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    kept: list[Figure] = []
    save = Figure.savefig

    def keep(self: Figure, *arguments: object, **options: object) -> None:
        kept.append(self)
        save(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return kept


def written(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def coloured(path: Path) -> bool:
    picture = imread(path)[..., :3]
    return bool((picture.max(axis=-1) - picture.min(axis=-1)).max() > 0.3)


def test_the_papers_shares_of_short_paths_are_written_out(tmp_path, figures):
    # PAPER.md: .019, .0004 and .344 of the paths of 12, 19 and 6 residual blocks.
    rules = [(f"rule {depth}", [residuals(depth)]) for depth in (12, 19, 6)]
    draw_spectra(tmp_path / "a.png", rules, near=5, unit="cells", title="t", note="n")
    texts = written(figures[0])
    for share in ("1.9 %", "0.036 %", "34 %"):
        assert f"{share} of paths short" in texts
        assert f"{share} of weight short" in texts
    assert {"rule 12", "12 × block_0", "rule 19", "19 × block_0"} <= {*texts}
    assert coloured(tmp_path / "a.png")


@pytest.mark.parametrize(
    "rules",
    [
        [("one path", [SpectrumBars("a", 0, 1, np.array([1]), np.array([1.0]), np.array([1.0]))])],
        [("strided", [residuals(3, step=8), residuals(40, 1, step=8)])],
        [("wide", [residuals(90, place) for place in range(5)]), ("b", [residuals(1)] * 5)],
    ],
    ids=["one path", "strided", "five wide"],
)
def test_spectra_of_any_size_are_drawn(tmp_path, figures, rules):
    draw_spectra(tmp_path / "a.png", rules, near=5, unit="pixels", title="t", note="n")
    assert coloured(tmp_path / "a.png")
    for ax in figures[0].axes:
        left, right = ax.get_xlim()
        for bars in ax.containers:
            starts = [bar.get_x() for bar in bars]
            assert all(before + bars[0].get_width() <= after for before, after in pairwise(starts))
            highest = max(bars, key=lambda bar: abs(bar.get_height()))
            assert left <= highest.get_x()
            assert highest.get_x() + highest.get_width() <= right


@pytest.mark.parametrize(
    "pairs",
    [
        [(field([0.0], [1.0]), field([0.0], [1.0]))],
        [(field([0.5, 9.0], [0.2, 1.0]), field([0.5, 9.0], [0.95, 1.0]))] * 7,
    ],
    ids=["a point", "seven"],
)
def test_effective_fields_are_drawn(tmp_path, figures, pairs):
    curves = [FieldCurves(f"v{place}", place, *pair) for place, pair in enumerate(pairs)]
    draw_effective_fields(tmp_path / "a.png", curves, title="t", note="n")
    assert coloured(tmp_path / "a.png")
    assert {curve.label for curve in curves} <= {*written(figures[0])}


def test_the_radius_that_holds_nine_tenths_is_written_out(tmp_path, figures):
    curves = [
        FieldCurves(
            "ioi",
            0,
            field([1.0, 2.0, 30.0], [0.5, 0.9, 1.0]),
            field([1.0, 4.5, 30.0], [0.5, 0.95, 1.0]),
        )
    ]
    draw_effective_fields(tmp_path / "a.png", curves, title="t", note="n")
    assert {"2.0", "4.5"} <= {*written(figures[0])}
