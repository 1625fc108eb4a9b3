"""A network or a run in files that need nothing of nnlab: programs, notebooks, weights, exchange formats."""

from nnlab.export.formats import FORMATS, Subject, notebook_files, packed, program_files, write_files
from nnlab.export.notebook import notebook
from nnlab.export.recorded import Recorded, digest
from nnlab.export.script import Script, training_script

__all__ = [
    "FORMATS",
    "Recorded",
    "Script",
    "Subject",
    "digest",
    "notebook",
    "notebook_files",
    "packed",
    "program_files",
    "training_script",
    "write_files",
]
