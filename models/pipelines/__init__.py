"""One file a pipeline; importing this package registers them all."""

from models.pipelines import detector_hourglass, mask_rcnn, mean_pose, paf, single_person

__all__ = ["detector_hourglass", "mask_rcnn", "mean_pose", "paf", "single_person"]
