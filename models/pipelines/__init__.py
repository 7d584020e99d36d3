"""One file a pipeline; importing this package registers them all."""

from models.pipelines import mask_rcnn, mean_pose, paf, single_person

__all__ = ["mask_rcnn", "mean_pose", "paf", "single_person"]
