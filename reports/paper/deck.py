"""What the deck prints in Table 1, and what it claims of it.

Source: the slides "Bottom-up Multi-person Pose Estimation with Multiscale Features" (ICCV 2017,
PoseTrack challenge), Table 1 and claim 3 of this project's list.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PaperRow:
    """One line of Table 1, to the digits that are printed.

    Attributes:
        method: as the deck calls it.
        params_m: millions of parameters.
        tera: "TFLOPS", taken for 1e12 multiply-adds at 224 x 224 (inferred: paf6 has 0.0504).
        titan_x_ms: forward time on a Titan X in milliseconds; at which input is not said.
        ap: COCO keypoint mAP in percent; the split is not said.
    """

    method: str
    params_m: float
    tera: float
    titan_x_ms: float
    ap: float


PAF6: Final = PaperRow("PAF 6 stages", 52.31, 0.05, 104.91, 58.5)
MSPAF3: Final = PaperRow("MSPAF 3 stages", 9.66, 0.03, 56.96, 61.1)
#: MSPAF's mAP as Jin et al., "Towards Multi-Person Pose Tracking: Bottom-up and Top-down Methods"
#: (2017), print it.
MSPAF3_AP_JIN: Final = 60.8
MACS_INPUT: Final = 224  # pixels; inferred, see ``PaperRow.tera``

#: MSPAF-3 / PAF-6, as claim 3 has them.
PARAMS_RATIO: Final = 0.185
MACS_RATIO: Final = 0.6  # "about"
TIME_RATIO: Final = 0.543

# How high a measured ratio may be and still be the claimed one. Parameters and time: a twentieth
# more, for the table of MSPAF's layers was never published and the machine is another. TFLOPS are
# printed to one digit, so what is printed allows anything up to 0.035 / 0.045.
_TWENTIETH: Final = 1.05
HIGHEST_PARAMS_RATIO: Final = _TWENTIETH * PARAMS_RATIO
HIGHEST_MACS_RATIO: Final = 0.035 / 0.045
#: The lowest ratio of networks that are still a pair like the deck's, by the same digits.
LOWEST_MACS_RATIO: Final = 0.025 / 0.055
HIGHEST_TIME_RATIO: Final = _TWENTIETH * TIME_RATIO
