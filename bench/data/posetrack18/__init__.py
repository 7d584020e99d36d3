"""PoseTrack 2018: videos, ignored regions, results."""
