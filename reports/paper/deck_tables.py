"""What the deck prints in Tables 2 to 4, and the claims that rest on them.

Source: the slides "Bottom-up Multi-person Pose Estimation with Multiscale Features" (ICCV 2017,
PoseTrack challenge), Tables 2 to 5, and claims 4 and 6 of this project's list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ablations.table2 import DEEPER
from reports.measured.results import AP, POSETRACK
from reports.paper import deck


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        variant: the row that stands for it in the suites here.
        method: as the deck calls it.
        score: mAP in percent.
        top_down: whether it finds people before their joints.
    """

    variant: str
    method: str
    score: float
    top_down: bool

    @property
    def kind(self) -> str:
        """What a table calls it."""
        return "top-down" if self.top_down else "bottom-up"


@dataclass(frozen=True)
class Table:
    """One table of the deck.

    Attributes:
        number: the deck's.
        benchmark: that it is of.
        photographs: the data set here that is that benchmark, or the nearest there is to it.
        rendered: the one that is made to be like it.
        statistic: the benchmark's own, by which rows are judged.
        rows: in the deck's order.
        remark: what there is to know about its numbers.
    """

    number: int
    benchmark: str
    photographs: str
    rendered: str
    statistic: str
    rows: tuple[Row, ...]
    remark: str

    @property
    def suite(self) -> str:
        """The suite that measures it."""
        return f"table{self.number}"

    def best(self, variants: Iterable[str]) -> Row:
        """Return the row of the highest score among those of ``variants``."""
        chosen = set(variants)
        return max((one for one in self.rows if one.variant in chosen), key=lambda one: one.score)


@dataclass(frozen=True)
class Claim:
    """That the best of some rows is better than the best of others.

    Attributes:
        title: which claim it is.
        says: it in words.
        ahead: the variants that are claimed to be better.
        behind: those that are claimed to be worse.
    """

    title: str
    says: str
    ahead: tuple[str, ...]
    behind: tuple[str, ...]


_MSPAF: Final = Row("mspaf3", "MSPAF", 67.8, top_down=False)
_MASK: Final = Row("mask_rcnn", "Mask R-CNN", 57.4, top_down=True)
_HOURGLASS: Final = Row(
    "detector_hourglass", "person detection + single-person stacked hourglass", 60.3, top_down=True
)

#: The AP of MSPAF's joints in Table 3, in percent; both sides together, the head of three joints.
MSPAF_JOINTS: Final = {
    "head": 79.1,
    "shoulder": 77.3,
    "elbow": 69.9,
    "wrist": 58.3,
    "hip": 66.2,
    "knee": 63.5,
    "ankle": 54.9,
}

_SPLITS: Final = (
    "**Inferred:** the deck does not say on which split of COCO its rows were scored. The first "
    "two are close to a figure on a subset of the validation split, and 62.7 is one of test-dev, "
    "so the splits are probably mixed, and a part of the deck's differences between bottom-up and "
    "top-down rows may be that of the splits."
)
_MIXED: Final = (
    "67.8 is also what the deck's Table 5 prints for training on PoseTrack, MPII and COCO "
    "together; on PoseTrack alone it has 37.5, which is less than the 57.4 of Mask R-CNN. So "
    "the deck's differences may be those of the training sets (inferred). Here every row learns "
    "from the same images."
)

TABLE2: Final = Table(
    2,
    "COCO",
    "coco",
    "synthetic",
    AP,
    (
        Row("paf6", "PAF-6", deck.PAF6.ap, top_down=False),
        Row("mspaf3", "MSPAF-3", deck.MSPAF3.ap, top_down=False),
        Row("mask_rcnn", "Mask R-CNN (R50)", 62.7, top_down=True),
        Row(DEEPER, "Mask R-CNN, authors' implementation (R101)", 63.1, top_down=True),
    ),
    _SPLITS,
)
TABLE3: Final = Table(
    3, "PoseTrack", "posetrack18", "synthetic-posetrack", POSETRACK, (_MSPAF, _MASK), _MIXED
)
TABLE4: Final = Table(
    4,
    "PoseTrack",
    "posetrack18",
    "synthetic-posetrack",
    POSETRACK,
    (_MSPAF, _MASK, _HOURGLASS),
    _MIXED,
)

TOP_DOWN_WINS: Final = Claim(
    "Claim 4, first half",
    "top-down wins on COCO",
    ("mask_rcnn", DEEPER),
    ("paf6", "mspaf3"),
)
CLAIM6: Final = Claim(
    "Claim 6",
    "detector + stacked hourglass beats Mask R-CNN on PoseTrack",
    ("detector_hourglass",),
    ("mask_rcnn",),
)


def bottom_up_wins(table: Table) -> Claim:
    """Return the second half of claim 4, on the rows of a table of PoseTrack."""
    return Claim(
        "Claim 4, second half",
        "bottom-up wins on PoseTrack",
        tuple(one.variant for one in table.rows if not one.top_down),
        tuple(one.variant for one in table.rows if one.top_down),
    )
