"""The suite ``receptive_field`` as a plan: the paper's chains, and the networks of ``blocks``."""

from collections.abc import Iterator
from dataclasses import asdict
from json import dumps, loads

import pytest
import torch
from torch import Tensor, nn

from ablations import blocks
from ablations.options import Options
from ablations.plan import save_plan, stored_plan
from ablations.presets import PRESETS
from ablations.receptive_field import plan
from bench.jobs import FieldExperiment, SpectrumExperiment, models_of
from models import list_blocks, registry

SMOKE = {"preset": "smoke", "device": "cpu"}
# PAPER: blocks at equal longest path, equal parameters and equal number.
DEPTHS = {
    "residual": {"reach": 12, "params": 19, "blocks": 6},
    "inception_residual": {"reach": 6, "params": 6, "blocks": 6},
    "ioi": {"reach": 2, "params": 1, "blocks": 6},
}

NEW_KINDS = ("spectrum", "field")


def planned(**options):
    return plan(Options(**SMOKE | options))


@pytest.fixture
def register() -> Iterator:
    """Registers blocks as a plugin would, and takes them back."""
    before = dict(registry._blocks._factories)
    yield registry.register_block
    registry._blocks._factories = before


def test_chains_have_the_papers_depths():
    depths = {one.block: dict(one.depths) for one in planned().spectra}
    assert list(depths) == list_blocks()
    assert {name: depths[name] for name in DEPTHS} == DEPTHS


@pytest.mark.parametrize("preset", PRESETS)
def test_networks_are_the_very_experiments_of_blocks(preset):
    chosen = {"preset": preset, "blocks": "*residual"}
    made = planned(**chosen)
    theirs = [
        one
        for one in blocks.plan(Options(**SMOKE | chosen)).experiments
        if one.variant != blocks.BASELINE
    ]
    assert [one.key for one in made.experiments] == [one.key for one in theirs]
    assert [one.experiment for one in made.fields] == theirs
    assert set(made.matches) == {one.key for one in theirs}


def test_chains_are_the_same_whatever_is_trained():
    one = {spectrum.key for spectrum in planned(blocks="io*").spectra}
    other = planned(blocks="io*", match="blocks", seeds=2, settings=("model.width=12",))
    assert {spectrum.key for spectrum in other.spectra} == one
    assert len(other.fields) == 2 * len(one)


def test_a_pattern_selects_blocks():
    made = planned(blocks="inception*")
    assert [one.block for one in made.spectra] == ["inception_residual"]
    assert [one.experiment.variant for one in made.fields] == ["inception_residual"]


class Untraced(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.flip(self.layer(x), [-1])


def test_a_block_that_cannot_be_traced_is_planned_nevertheless(register):
    def untraced(in_channels: int, out_channels: int) -> nn.Module:
        return Untraced(in_channels)

    register(untraced)
    made = planned(blocks="untraced", plugin="f" * 64, plugin_blocks=("untraced",))
    (spectrum,) = made.spectra
    assert set(dict(spectrum.depths)) == {"params", "blocks"}
    assert [model.plugin for model in models_of(spectrum)] == ["f" * 64]
    assert [model.plugin for model in models_of(made.fields[0])] == ["f" * 64]


def test_a_block_too_large_for_the_budget_has_no_chain_of_equal_parameters(register):
    def huge(in_channels: int, out_channels: int) -> nn.Module:
        return nn.Conv2d(in_channels, out_channels, 31, padding=15)  # on "meta" it takes no memory

    register(huge)
    made = planned(blocks="huge", match="blocks")
    # One of it sees 31 cells, which is nearer to 25 than none.
    assert dict(made.spectra[0].depths) == {"reach": 1, "blocks": 6}


def test_a_block_that_sees_one_cell_reaches_no_further(register):
    def pointwise(in_channels: int, out_channels: int) -> nn.Module:
        return nn.Conv2d(in_channels, out_channels, 1)

    register(pointwise)
    assert "reach" not in dict(planned(blocks="pointwise", match="blocks").spectra[0].depths)


def test_a_plan_comes_back_from_its_note_and_older_notes_lack_the_new_kinds(tmp_path):
    made = planned(blocks="*residual")
    save_plan(tmp_path, made)
    back = stored_plan(tmp_path)
    assert (back.spectra, back.fields) == (made.spectra, made.fields)
    note = tmp_path / "plan.json"
    values = loads(note.read_text())
    note.write_text(
        dumps({name: values[name] for name in values if name[0] in "acl" or name == "stages"})
    )
    older = stored_plan(tmp_path)
    assert (older.experiments, older.spectra, older.fields) == (made.experiments, (), ())


def test_jobs_survive_the_trip_through_json_and_keep_their_keys():
    made = planned(blocks="*residual")
    for one in made.spectra:
        assert SpectrumExperiment.from_dict(loads(dumps(asdict(one)))) == one
    for field in made.fields:
        back = FieldExperiment.from_dict(loads(dumps(asdict(field))))
        assert (back, back.key) == (field, field.key)
    keys = [one.key for one in (*made.spectra, *made.fields, *made.experiments)]
    assert len(set(keys)) == len(keys)
