"""How much is run: four presets, as plain numbers.

Every number can be overridden by ``--set``; see ``ablations.options``.
"""

from dataclasses import dataclass, replace

from bench.experiment import TrainSpec


@dataclass(frozen=True)
class DataSize:
    """How much of a data set is used, and for how long.

    Attributes:
        train_images, val_images: images of each split; 0 means all.
        image_size: side of a rendered scene in pixels; 0 for photographs.
        crop_size: side of a person's crop in pixels.
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


@dataclass(frozen=True)
class Preset:
    """One size of a whole suite.

    ``train`` holds device and precision "auto", which are settled on the machine; its steps are
    those of synthetic scenes, and photographs take ``photograph_steps``.
    """

    purpose: str
    seeds: int
    model: ModelSize
    synthetic: DataSize
    photographs: DataSize
    train: TrainSpec
    photograph_steps: int
    latency: LatencySize


# AdamW at 2e-3 with 5 % warm-up is stable for every block here; the augmentation is the field's
# habit for single-person crops (rotate +-30 degrees, zoom 1.25, shift 10 %, mirror).
_TRAIN = TrainSpec(
    steps=0,
    batch_size=32,
    learning_rate=2e-3,
    weight_decay=1e-2,
    warmup=0.05,
    rotation=30.0,
    scale=1.25,
    shift=0.1,
    flip=True,
    device="auto",
    precision="auto",
)

PRESETS = {
    "smoke": Preset(
        purpose="does everything run? one minute on two CPU cores; its numbers mean nothing",
        seeds=1,
        model=ModelSize(depth=1, width=16, stages=1),
        synthetic=DataSize(train_images=64, val_images=24, image_size=128, crop_size=64),
        photographs=DataSize(train_images=64, val_images=24, image_size=0, crop_size=64),
        train=replace(_TRAIN, steps=6, batch_size=8),
        photograph_steps=6,
        latency=LatencySize(batch_sizes=(1, 16), rounds=5),
    ),
    "cpu": Preset(
        purpose="a first answer, in minutes on two CPU cores",
        seeds=1,
        model=ModelSize(depth=1, width=32, stages=1),
        synthetic=DataSize(train_images=4000, val_images=500, image_size=128, crop_size=64),
        photographs=DataSize(train_images=0, val_images=0, image_size=0, crop_size=64),
        train=replace(_TRAIN, steps=800),
        # Photographs vary more than rendered scenes, and what they vary in takes longer to learn.
        photograph_steps=2400,
        latency=LatencySize(batch_sizes=(1, 16), rounds=30),
    ),
    "gpu": Preset(
        purpose="an answer with intervals over seeds, in about an hour on one GPU",
        seeds=3,
        model=ModelSize(depth=1, width=64, stages=1),
        synthetic=DataSize(train_images=40000, val_images=2000, image_size=256, crop_size=128),
        photographs=DataSize(train_images=0, val_images=0, image_size=0, crop_size=128),
        train=replace(_TRAIN, steps=8000, batch_size=128),
        photograph_steps=12000,
        latency=LatencySize(batch_sizes=(1, 16), rounds=100),
    ),
    "paper": Preset(
        purpose="the paper's widths and crop size; days on one GPU",
        seeds=5,
        model=ModelSize(depth=1, width=128, stages=2),  # c = 128 channels [A], two stages [A]
        synthetic=DataSize(train_images=100000, val_images=5000, image_size=384, crop_size=256),
        photographs=DataSize(train_images=0, val_images=0, image_size=0, crop_size=256),  # [A]
        train=replace(_TRAIN, steps=100000, batch_size=64, learning_rate=1e-3),
        photograph_steps=150000,
        latency=LatencySize(batch_sizes=(1, 16), rounds=200),
    ),
}
