"""The parts of the Datasets page: one package each, with a `show` that draws it."""
