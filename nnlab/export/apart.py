"""ONNX and `torch.export` in a process of their own: tracing sets switches of the whole process, and what
other threads compute meanwhile would be rounded otherwise."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from nnlab.errors import LabError
from nnlab.program import own_command, own_environment
from nnlab.training.weights import TrainedModel, save_weights

_SECONDS = 300  # after which it is given up


def export_apart(model: TrainedModel, suffix: str) -> bytes:
    """A file of `model` that ends in `suffix`, made by ``python -m nnlab export`` in another process.

    Raises:
        LabError: it cannot be made, or takes too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        weights, made = Path(folder, "weights.safetensors"), Path(folder, f"made{suffix}")
        command = own_command("export", str(weights), "--to", str(made))
        try:
            save_weights(weights, model.state_dict(), model.info, durable=False)
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                env=own_environment(),
            )
            return made.read_bytes()
        except subprocess.CalledProcessError as error:
            reason = str(error.stderr).strip().rpartition("\n")[2].removeprefix("nnlab: ")
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = str(error)
    raise LabError("The file cannot be made: {reason}", reason=reason)
