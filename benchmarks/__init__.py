"""Measurements: speed and memory as ratios, accuracy as counts. See README.md beside this file."""
