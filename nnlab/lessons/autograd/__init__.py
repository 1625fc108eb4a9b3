"""Expressions of tensors, their graph, and the way back through it: the engine of the Autograd page."""
