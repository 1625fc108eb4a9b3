"""Broken trainings, what can be measured while they run, and detectors that name what is wrong."""

from nnlab.lessons.clinic.cases import CASES, HEALTHY, Case, program
from nnlab.lessons.clinic.detectors import DETECTORS, Detector, diagnosis
from nnlab.lessons.clinic.records import Layer, Record, from_json, train

__all__ = [
    "CASES",
    "DETECTORS",
    "HEALTHY",
    "Case",
    "Detector",
    "Layer",
    "Record",
    "diagnosis",
    "from_json",
    "program",
    "train",
]
