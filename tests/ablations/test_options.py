import subprocess
import sys
from pathlib import Path

import pytest

import run_all
from ablations import SUITES
from ablations.options import LIMITS, Options, choose
from ablations.presets import PRESETS
from bench.problem import Problem

REPOSITORY = Path(run_all.__file__).parent


def test_options_are_answered_before_torch_is_there():
    command = "import sys, ablations.options; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", command], check=True, cwd=REPOSITORY)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("data", ["synthetic", "synthetic-posetrack", "coco"])
def test_every_preset_passes_its_own_checks(name, data):
    choice = choose(Options(preset=name, data=data), PRESETS)
    preset = PRESETS[name]
    rendered = data != "coco"
    train = preset.synthetic_train if rendered else preset.photograph_train
    assert choice.train.steps == train.steps
    assert choice.data == (preset.synthetic if rendered else preset.photographs)


def test_every_limit_names_a_field():
    known = set()
    for suite in SUITES.values():
        choice = choose(Options(), suite.presets)
        parts = {"train": choice.train, "data": choice.data, "model": choice.preset.model}
        known |= {f"{part}.{field}" for part, values in parts.items() for field in vars(values)}
    assert set(LIMITS) <= known


def test_settings_override_the_preset_and_the_command_line_s_own_words_too():
    choice = choose(
        Options(
            preset="smoke",
            steps=7,
            seeds=4,
            device="cpu",
            settings=(
                "train.learning_rate=1e-3",
                "train.flip=false",
                "train.precision=fp32",
                "data.train_images=16",
                "model.width=12",
            ),
        ),
        PRESETS,
    )
    assert (choice.train.steps, choice.preset.seeds, choice.train.device) == (7, 4, "cpu")
    assert (choice.train.learning_rate, choice.train.flip) == (1e-3, False)
    assert (choice.data.train_images, choice.preset.model.width) == (16, 12)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (Options(preset="smok"), "unknown preset 'smok'; did you mean 'smoke'?"),
        (Options(match="param"), "unknown matching rule 'param'; did you mean 'params'?"),
        (
            Options(data_root=Path("somewhere")),
            "data set 'synthetic' is rendered and reads no folder; leave --data-root out",
        ),
        (
            Options(data="synthetic-posetrack", data_root=Path("somewhere")),
            "data set 'synthetic-posetrack' is rendered and reads no folder",
        ),
        (Options(device="gpu0"), "unknown device 'gpu0'; "),
        (Options(seeds=0), "--seeds must be at least 1, not 0"),
        (Options(steps=0), "--steps must be at least 1, not 0"),
        (Options(settings=("train.steps",)), "--set train.steps has no value"),
        (
            Options(settings=("train.learning_rat=1",)),
            "unknown field of --set 'train.learning_rat'; did you mean 'train.learning_rate'?",
        ),
        (Options(settings=("steps=1",)), "unknown field of --set 'steps'"),
        (Options(settings=("train.steps=1.5",)), "'1.5' is no whole number"),
        (Options(settings=("train.flip=maybe",)), "'maybe' is no true or false"),
        (Options(settings=("train.learning_rate=nan",)), "train.learning_rate must be at least"),
        (Options(settings=("train.warmup=2",)), "train.warmup must be at least 0 and at most 1"),
        (Options(settings=("train.batch_size=1",)), "train.batch_size must be at least 2, not 1"),
        (Options(settings=("data.crop_size=60",)), "data.crop_size must be a multiple of 8"),
        (Options(settings=("train.precision=fp16",)), "unknown value of train.precision 'fp16'"),
        (Options(settings=("train.device=tpu",)), "unknown value of train.device 'tpu'"),
    ],
)
def test_what_cannot_be_is_one_sentence(options, sentence):
    with pytest.raises(Problem) as raised:
        choose(options, PRESETS)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)
