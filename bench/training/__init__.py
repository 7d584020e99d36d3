"""What a training takes in and leaves behind: feeds of data, its state, its checkpoints."""
