"""Saving and loading: a state_dict and where its numbers go, whole-model pickles, and what eval() is for."""
