"""MPII Human Pose, as its own files and as the widespread split."""
