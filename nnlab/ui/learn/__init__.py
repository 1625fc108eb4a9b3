"""The views of the Learn pages; what they show is computed in `nnlab.lessons`."""
