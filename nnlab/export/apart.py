"""ONNX and `torch.export` in a process of their own: tracing sets switches of the whole process, and what
other threads compute meanwhile would be rounded otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nnlab
from nnlab.errors import LabError
from nnlab.training.weights import TrainedModel, save_weights

_SECONDS = 300  # after which it is given up


def export_apart(model: TrainedModel, suffix: str) -> bytes:
    """A file of `model` that ends in `suffix`, made by ``python -m nnlab export`` in another process.

    Raises:
        LabError: it cannot be made, or takes too long.
    """
    home = str(Path(nnlab.__file__).parents[1])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory() as folder:
        weights, made = Path(folder, "weights.safetensors"), Path(folder, f"made{suffix}")
        # -P: nothing of the current folder is imported.
        command = [sys.executable, "-P", "-m", "nnlab", "export", str(weights), "--to", str(made)]
        try:
            save_weights(weights, model.state_dict(), model.info, durable=False)
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )
            return made.read_bytes()
        except subprocess.CalledProcessError as error:
            reason = str(error.stderr).strip().rpartition("\n")[2].removeprefix("nnlab: ")
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = str(error)
    raise LabError("The file cannot be made: {reason}", reason=reason)
