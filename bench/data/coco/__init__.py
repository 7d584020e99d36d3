"""COCO's keypoints, and the format that other data sets share."""
