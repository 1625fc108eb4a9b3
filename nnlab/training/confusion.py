"""What a network takes for what: its answers to every image of a split, counted by the right answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.data.dataset import Split
from nnlab.training.batches import normalise
from nnlab.training.evaluate import chunk_size


@dataclass(frozen=True, eq=False)
class Confusion:
    """Answers to images whose right answer is known.

    Attributes:
        labels: (N,) int64, the right answers.
        answers: (N,) int64, what the network says.
        classes: how many there are.
    """

    labels: Tensor
    answers: Tensor
    classes: int

    @property
    def matrix(self) -> Tensor:
        """(classes, classes) int64: images by right answer (row) and by what the network says (column)."""
        cells = self.labels * self.classes + self.answers
        return torch.bincount(cells, minlength=self.classes**2).view(self.classes, self.classes)

    @property
    def accuracy(self) -> float:
        """The share that is answered rightly."""
        return int((self.labels == self.answers).sum()) / len(self.labels)

    def accuracies(self) -> list[float | None]:
        """That share of each class; None for a class without images."""
        rows = self.matrix
        return [
            None if total == 0 else int(rows[place, place]) / total
            for place, total in enumerate(rows.sum(1).tolist())
        ]

    def places(self, right: int, said: int) -> list[int]:
        """Where the images of class `right` are that the network takes for `said`."""
        places: list[int] = ((self.labels == right) & (self.answers == said)).nonzero().flatten().tolist()
        return places


def confusion(
    model: nn.Module,
    split: Split,
    mean: Sequence[float],
    std: Sequence[float],
    classes: int,
    progress: Callable[[int, int], None] | None = None,
) -> Confusion:
    """Ask `model` about every image of `split`, in evaluation mode and as `evaluate` does.

    Args:
        classes: how many the network tells apart.
        progress: called with the images done and in all.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    answers: list[Tensor] = []
    done = 0
    try:
        with torch.inference_mode():
            for images in split.images.split(chunk_size(model, split.images.shape[1:])):
                answers.append(model(normalise(images.to(device), mean, std)).argmax(1).cpu())
                done += len(images)
                if progress is not None:
                    progress(done, len(split))
    finally:
        model.train(was_training)
    return Confusion(split.labels, torch.cat(answers), classes)
