"""Gradient descent: surfaces, torch's optimizers racing down them, one update taken apart, learning rates and
schedules. All values are float32, as in a network."""

from nnlab.lessons.descent.apart import Line, Update, taken_apart
from nnlab.lessons.descent.curvature import bound, curvatures
from nnlab.lessons.descent.race import Trail, check_start, race, trail
from nnlab.lessons.descent.racers import RACERS, Racer, Setting, racer, settings_of, with_numbers
from nnlab.lessons.descent.recording import Recording, recorded
from nnlab.lessons.descent.schedules import SCHEDULES, ScheduleKind, make_scheduler, rates
from nnlab.lessons.descent.surfaces import CURVES, SURFACES, Surface, curve, levels, surface

__all__ = [
    "CURVES",
    "RACERS",
    "SCHEDULES",
    "SURFACES",
    "Line",
    "Racer",
    "Recording",
    "ScheduleKind",
    "Setting",
    "Surface",
    "Trail",
    "Update",
    "bound",
    "check_start",
    "curvatures",
    "curve",
    "levels",
    "make_scheduler",
    "race",
    "racer",
    "rates",
    "recorded",
    "settings_of",
    "surface",
    "taken_apart",
    "trail",
    "with_numbers",
]
