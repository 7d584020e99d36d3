"""What gates of attention follow: their values at joints, against what is known of each joint."""
