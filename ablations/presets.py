"""How much is run: four presets, as plain numbers.

Every number can be overridden by ``--set``; see ``ablations.options``.
"""

from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from bench.experiment import TrainSpec


@dataclass(frozen=True)
class DataSize:
    """How much of a data set is used, and for how long.

    Attributes:
        train_images, val_images: images of each split; 0 means all.
        image_size: side of a rendered scene in pixels; 0 for photographs.
        crop_size: side of a person's crop in pixels; 0 for whole images.
        seed: of the renderer.
    """

    train_images: int
    val_images: int
    image_size: int
    crop_size: int
    seed: int = 0


@dataclass(frozen=True)
class ModelSize:
    """The network that the blocks are compared in.

    Attributes:
        depth: blocks a stage; for the matching rules ``params`` and ``macs``, of the reference.
        width: channels of the trunk, of the reference likewise.
        stages: trunks in a row.
    """

    depth: int
    width: int
    stages: int


@dataclass(frozen=True)
class LatencySize:
    """How latency is sampled: images a call, and interleaved rounds (one sample each)."""

    batch_sizes: tuple[int, ...]
    rounds: int


Model = TypeVar("Model")


@dataclass(frozen=True)
class Preset(Generic[Model]):
    """One size of a whole suite, whose networks are described by a ``Model``.

    Both trainings hold device and precision "auto", which are settled on the machine.
    """

    purpose: str
    seeds: int
    model: Model
    synthetic: DataSize
    photographs: DataSize
    synthetic_train: TrainSpec
    photograph_train: TrainSpec
    latency: LatencySize


# On synthetic scenes the cpu preset sees each person about six times: there is little to overfit,
# and every degree of augmentation is one more thing to learn.
SYNTHETIC_TRAIN = TrainSpec(
    steps=0,
    batch_size=64,  # 460 images/s on two cores where 32 gave 316
    learning_rate=6e-3,
    weight_decay=1e-2,
    warmup=0.1,
    rotation=5.0,
    scale=1.1,
    shift=0.05,
    flip=True,
    device="auto",
    precision="auto",
)
# Photographs are few and seen many times over: the field's habit for single-person crops.
_PHOTOGRAPHS = replace(SYNTHETIC_TRAIN, rotation=30.0, scale=1.25)

DEFAULT_PRESET = "cpu"
#: It only shows that everything works: where a suite has several of a kind, one is enough.
SMOKE: Final = "smoke"

PRESETS: dict[str, Preset[ModelSize]] = {
    SMOKE: Preset(
        purpose="does everything run? one minute on two CPU cores; its numbers mean nothing",
        seeds=1,
        model=ModelSize(depth=1, width=16, stages=1),
        synthetic=DataSize(train_images=64, val_images=24, image_size=128, crop_size=64),
        photographs=DataSize(train_images=64, val_images=24, image_size=0, crop_size=64),
        synthetic_train=replace(SYNTHETIC_TRAIN, steps=6, batch_size=8),
        photograph_train=replace(_PHOTOGRAPHS, steps=6, batch_size=8),
        latency=LatencySize(batch_sizes=(1, 16), rounds=5),
    ),
    "cpu": Preset(
        purpose="a first answer: ten minutes on two CPU cores, twenty on photographs",
        seeds=1,
        # 0.16 M parameters: what one core trains on 64,000 crops in three minutes.
        model=ModelSize(depth=1, width=48, stages=1),
        synthetic=DataSize(train_images=4000, val_images=500, image_size=128, crop_size=64),
        photographs=DataSize(train_images=0, val_images=0, image_size=0, crop_size=64),
        synthetic_train=replace(SYNTHETIC_TRAIN, steps=1000),
        # Photographs vary more than rendered scenes, and what they vary in takes longer to learn.
        photograph_train=replace(_PHOTOGRAPHS, steps=1000),
        latency=LatencySize(batch_sizes=(1, 16), rounds=30),
    ),
    "gpu": Preset(
        purpose="an answer with intervals over seeds, on one GPU; not yet run on one",
        seeds=3,
        model=ModelSize(depth=3, width=64, stages=1),
        synthetic=DataSize(train_images=40000, val_images=2000, image_size=256, crop_size=128),
        photographs=DataSize(train_images=0, val_images=0, image_size=0, crop_size=128),
        synthetic_train=replace(SYNTHETIC_TRAIN, steps=8000, batch_size=128),
        photograph_train=replace(_PHOTOGRAPHS, steps=5600, batch_size=128),
        latency=LatencySize(batch_sizes=(1, 16), rounds=100),
    ),
    "paper": Preset(
        purpose="the paper's widths and crop size; days on one GPU; not yet run",
        seeds=5,
        model=ModelSize(depth=1, width=128, stages=2),  # c = 128 channels [A], two stages [A]
        synthetic=DataSize(train_images=100000, val_images=5000, image_size=384, crop_size=256),
        photographs=DataSize(train_images=0, val_images=0, image_size=0, crop_size=256),  # [A]
        synthetic_train=replace(SYNTHETIC_TRAIN, steps=100000, batch_size=64, learning_rate=1e-3),
        photograph_train=replace(_PHOTOGRAPHS, steps=150000, batch_size=64, learning_rate=1e-3),
        latency=LatencySize(batch_sizes=(1, 16), rounds=200),
    ),
}
