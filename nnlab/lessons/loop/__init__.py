"""The training loop: one iteration stage by stage, and a network that overfits until something is done."""
