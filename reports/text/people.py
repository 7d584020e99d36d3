"""The sentences on what depends on how many people are in an image."""

from reports.measured.stages import StageTiming

END_TO_END = (
    "Everything in one call, from an image with so many people to all of them found: the median "
    "and in brackets the 5th to 95th percentile. *Each further person*: the slope from the fewest "
    "people to the most, and in brackets the extremes that the 95 % intervals of both medians "
    "allow."
)
MACS = (
    "Multiply-adds of one image as torch counts them, with a detector that finds so many people, "
    "and the share of each of them. *Not counted*: what only a detector does; the small operations "
    "that no row's GMAC contains stand under *Cost*."
)


def top_down(timing: StageTiming) -> str:
    """Return how pipelines with a detector were timed; "" where there are none."""
    rows = [one for one in timing.pipelines if one.top_down]
    if not rows:
        return ""
    text = (
        "Top-down pipelines have a *detector* (from the batch to boxes, timed where it finds "
        "nobody) and *joints* (of so many people, from their boxes). Fresh weights would find "
        "anybody anywhere, so people who fill the image replace what the detector's last layer "
        "says; all that it does before and after is its own. *End to end* is preprocessing and "
        "the whole pipeline in one call."
    )
    shared = [one.name for one in rows if not one.joints]
    if shared:
        text += (
            f" The joints of {' and '.join(shared)} read what the detector has computed, so they "
            "are timed only with it."
        )
    return text
