"""One file a pipeline; importing this package registers them all."""

from models.pipelines import mean_pose, paf, single_person

__all__ = ["mean_pose", "paf", "single_person"]
