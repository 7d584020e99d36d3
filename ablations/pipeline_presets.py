"""How much is run by the suites of pipelines: four presets, as plain numbers."""

from dataclasses import dataclass, replace

from ablations.presets import SYNTHETIC_TRAIN, DataSize, LatencySize, Preset


@dataclass(frozen=True)
class PipelineSize:
    """The networks and targets of all pipelines for whole images.

    Attributes:
        input_size: side in pixels of the square that the network sees.
        width_factor: on all hidden channels of the published bottom-up networks.
        paf_steps: training steps of paf6 over those of the others. At the cpu preset's size it
            trains three times as many images a second as mspaf3, so that both take as long; and
            without batch norms, or weights from elsewhere, it needs them.
        paf_stride, mspaf_stride: pixels a cell; 8 and 4 are the papers'.
        sigma: of the target heatmaps in pixels of the input.
        half_width: of the target fields' limbs in pixels of the input.
        foreground: how much more a heatmap's error counts at joints; 0 in the papers. From
            scratch, 5 gave mspaf3 an AP of 3.7 after 8,000 images and 0 one of 2.4.
        min_parts: joints that a person needs to be reported; the paper's 3 leaves out everybody of
            whom COCO annotates one or two, 11 points of AP on true fields, and 2 costs nothing.
        people: in an image, at which decoding, and everything in one call, is timed.
        multi_scale: price bottom-up inference at several scales too, which costs 7.5 single ones.
        backbone: of the top-down pipelines, a ResNet with a feature pyramid.
        deeper_backbone: the next larger one, for Mask R-CNN's second row in Table 2.
        pyramid_width: channels of that pyramid.
        box_width: features of the head that judges boxes.
        proposals: regions of an image that this head is shown; torchvision's own numbers are for
            hundreds of people and train 2.7 images/s here, 100 train 33. 0 leaves these.
        keypoint_width, keypoint_depth: channels and convolutions of Mask R-CNN's keypoint head.
        hourglass_stacks, hourglass_width, hourglass_depth: of the single-person network.
        person_size: side in pixels of the crop that it sees.
    """

    input_size: int
    width_factor: float
    paf_steps: float
    paf_stride: int
    mspaf_stride: int
    sigma: float
    half_width: float
    foreground: float
    min_parts: int
    backbone: str
    deeper_backbone: str
    pyramid_width: int
    box_width: int
    proposals: int
    keypoint_width: int
    keypoint_depth: int
    hourglass_stacks: int
    hourglass_width: int
    hourglass_depth: int
    person_size: int
    people: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    multi_scale: bool = True


# At equal images, 4 a step came as far as 16 a step with twice as many; 8 costs less time.
_SYNTHETIC = replace(SYNTHETIC_TRAIN, batch_size=8, learning_rate=5e-3)
# The paper's: scale .5 to 1.1, rotation and shift up to 40 degrees and pixels of 368.
_PHOTOGRAPHS = replace(_SYNTHETIC, rotation=40.0, scale=1.4, shift=0.1)
_ALL_PHOTOGRAPHS = DataSize(train_images=0, val_images=0, image_size=0, crop_size=0)

# An eighth to a quarter of the published widths: what one core trains in a quarter of an hour.
_SCENES = PipelineSize(
    input_size=128,
    width_factor=0.25,
    paf_steps=3.0,
    paf_stride=8,
    mspaf_stride=4,
    sigma=4.0,
    half_width=3.0,
    foreground=5.0,
    min_parts=2,
    backbone="resnet18",
    deeper_backbone="resnet34",
    pyramid_width=32,
    box_width=128,
    proposals=100,
    keypoint_width=64,
    keypoint_depth=2,
    hourglass_stacks=1,
    hourglass_width=48,
    hourglass_depth=3,
    person_size=64,
)
_PAPER = PipelineSize(
    input_size=368,
    width_factor=1.0,
    paf_steps=1.0,
    paf_stride=8,
    mspaf_stride=4,
    sigma=7.0,
    half_width=8.0,
    foreground=0.0,
    min_parts=2,
    backbone="resnet50",
    deeper_backbone="resnet101",
    pyramid_width=256,
    box_width=1024,
    proposals=0,
    keypoint_width=512,
    keypoint_depth=8,
    hourglass_stacks=8,
    hourglass_width=256,
    hourglass_depth=4,
    person_size=256,
)

PIPELINE_PRESETS: dict[str, Preset[PipelineSize]] = {
    "smoke": Preset(
        purpose="does everything run? a minute and a half on two CPU cores; numbers mean nothing",
        seeds=1,
        model=replace(
            _SCENES,
            width_factor=1 / 16,
            pyramid_width=16,
            box_width=32,
            keypoint_width=16,
            keypoint_depth=1,
            hourglass_width=16,
            people=(1, 20),
            multi_scale=False,
        ),
        synthetic=DataSize(train_images=32, val_images=8, image_size=128, crop_size=0),
        photographs=DataSize(train_images=32, val_images=8, image_size=0, crop_size=0),
        synthetic_train=replace(_SYNTHETIC, steps=4, batch_size=4),
        photograph_train=replace(_PHOTOGRAPHS, steps=4, batch_size=4),
        latency=LatencySize(batch_sizes=(1,), rounds=3),
    ),
    "cpu": Preset(
        purpose="a first answer: three quarters of an hour on two CPU cores",
        seeds=1,
        model=_SCENES,
        synthetic=DataSize(train_images=4000, val_images=500, image_size=128, crop_size=0),
        photographs=_ALL_PHOTOGRAPHS,
        synthetic_train=replace(_SYNTHETIC, steps=2000),
        photograph_train=replace(_PHOTOGRAPHS, steps=2000),
        latency=LatencySize(batch_sizes=(1,), rounds=30),
    ),
    "gpu": Preset(
        purpose="an answer with intervals over seeds, on one GPU; not yet run on one",
        seeds=3,
        model=replace(
            _PAPER,
            input_size=256,
            width_factor=0.5,
            sigma=5.0,
            half_width=5.5,
            foreground=5.0,
            hourglass_stacks=2,
            person_size=128,
        ),
        synthetic=DataSize(train_images=40000, val_images=2000, image_size=256, crop_size=0),
        photographs=_ALL_PHOTOGRAPHS,
        synthetic_train=replace(_SYNTHETIC, steps=8000, batch_size=64),
        photograph_train=replace(_PHOTOGRAPHS, steps=20000, batch_size=64),
        latency=LatencySize(batch_sizes=(1,), rounds=100),
    ),
    "paper": Preset(
        purpose="the papers' widths and input; days on one GPU; not yet run",
        seeds=3,
        model=_PAPER,
        synthetic=DataSize(train_images=100000, val_images=5000, image_size=384, crop_size=0),
        photographs=_ALL_PHOTOGRAPHS,
        synthetic_train=replace(_SYNTHETIC, steps=200000, batch_size=10, learning_rate=1e-3),
        photograph_train=replace(_PHOTOGRAPHS, steps=600000, batch_size=10, learning_rate=1e-3),
        latency=LatencySize(batch_sizes=(1,), rounds=200),
    ),
}
