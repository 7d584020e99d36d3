"""What the annotators of a data set leave unmarked, or write down in another way than others."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Habits:
    """How people are annotated who could be annotated wholly.

    Attributes:
        least_side: people whose mask is smaller than the square of this share of the image's side
            keep their box and have no joint marked.
        only_seen: joints that are marked where they are seen, and not where they are hidden.
        head_boxes: whether heads have boxes.
        square_boxes: whether a person's box is a square of the person's height about the middle,
            which may reach beyond the image, and the area that of the joints' extent, for want of
            masks.
    """

    least_side: float = 0.0
    only_seen: tuple[str, ...] = ()
    head_boxes: bool = True
    square_boxes: bool = False


#: COCO's. Persons of less than 32 x 32 pixels have no keypoints (cocodataset.org, keypoint
#: evaluation), in images whose longer side is 640. That eyes, ears and noses are marked only where
#: they are seen is an estimate: the far ear of a face in profile seldom is, and COCO publishes no
#: shares.
COCO_HABITS: Final = Habits(
    least_side=32 / 640,
    only_seen=("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    head_boxes=False,
)

#: MPII's. Hidden joints are marked too, and heads have boxes; what there is of a person's outline
#: is a rough middle and the height over 200 pixels (Andriluka et al., "2D Human Pose Estimation:
#: New Benchmark and State of the Art Analysis", CVPR 2014, and the files' own description). The
#: real set also leaves some people out altogether; here everybody has at least a box.
MPII_HABITS: Final = Habits(square_boxes=True)
