"""What there is to see at each stage of an iteration."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from torch import Tensor

from nnlab.lessons.loop.iteration import LEARNING_RATE, Moment, loss_now
from nnlab.ui.components import tiles
from nnlab.ui.text import _

_WIDEST = 72  # CSS pixels of an image


def _begin(now: Moment) -> None:
    st.markdown(_("A network with random weights and 512 images. Press **Next stage**."))
    _parameters(now)


def _batch(now: Moment) -> None:
    st.markdown(_("Eight images and their labels: `xb` is (8, 1, 28, 28), `yb` is (8,)."))
    _images(now)


def _forward(now: Moment) -> None:
    st.markdown(
        _("`logits = model(xb)`: ten numbers for each image. PyTorch notes all operations for later.")
    )
    assert now.logits is not None and now.hidden is not None and now.labels is not None
    _images(now)
    st.markdown(
        "`xb` (8, 1, 28, 28) → `flatten` (8, 784) → `linear1` (8, 16) → `relu` (8, 16) → `linear2` (8, 10)"
    )
    st.caption(_("After `relu`: a line for each image, a column for each of the 16 units"))
    label = _("The activations of the 16 units, a line for each image")
    tiles(now.hidden[None], columns=1, key="loop-hidden", kind="signed", label=label, max_tile=320)
    st.caption(_("`logits`: a line for each image, a column for each digit; the largest is bold"))
    lines = ["| |" + "".join(f" {digit} |" for digit in range(10)), "| --: |" + " --: |" * 10]
    for answer, row in zip(now.labels.tolist(), now.logits, strict=True):
        best = int(row.argmax())
        cells = (f"**{v:.4f}**" if i == best else f"{v:.4f}" for i, v in enumerate(row.tolist()))
        lines.append(f"| {_('label')}\u00a0{answer} | {' | '.join(cells)} |")
    st.markdown("\n".join(lines))


def _loss(now: Moment) -> None:
    assert (
        now.labels is not None and now.losses is not None and now.logits is not None and now.loss is not None
    )
    st.markdown(
        _("`F.cross_entropy(logits, yb)`: for each image −ln of the right class's probability; the mean.")
    )
    shares = now.logits.softmax(1)[range(8), now.labels]
    head = "| |" + "".join(f" {i} |" for i in range(8))
    rows = [
        (_("label"), [str(label) for label in now.labels.tolist()]),
        (_("probability"), [f"{share:.4f}" for share in shares.tolist()]),
        (_("−ln"), [f"{loss:.4f}" for loss in now.losses.tolist()]),
    ]
    lines = [head, "| :-- |" + " --: |" * 8, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)]
    st.markdown("\n".join(lines))
    st.metric(_("Loss, their mean"), f"{now.loss:.6f}")


def _backward(now: Moment) -> None:
    st.markdown(
        _("`loss.backward()`: each parameter now has a `.grad` of its own shape. Nothing has moved yet.")
    )
    gradient = now.gradients["linear1.weight"]
    assert gradient is not None
    _units(gradient, _("The gradient of each of the 16 units' weights"), "loop-gradients")
    _parameters(now)


def _step(now: Moment) -> None:
    gradient, name = now.gradients["linear2.weight"], "linear2.weight"
    assert gradient is not None and now.loss is not None
    row, column = divmod(int(gradient.abs().argmax()), gradient.shape[1])
    old, slope, new = (float(t[row, column]) for t in (now.before[name], gradient, now.weights[name]))
    st.markdown(
        _("`optimizer.step()`: every weight goes a little against its gradient. Where that of `{name}` is "
          "largest, at [{row}, {column}]: {old:.6f} − {rate:g} × ({slope:.6f}) = {new:.6f}",
          name=name, row=row, column=column, old=old, rate=LEARNING_RATE, slope=slope, new=new)
    )  # fmt: skip
    st.metric(
        _("Loss of this batch"),
        f"{loss_now(now):.6f}",
        f"{loss_now(now) - now.loss:+.6f}",
        delta_color="inverse",
    )
    change = now.weights["linear1.weight"] - now.before["linear1.weight"]
    _units(change, _("The change of each of the 16 units' weights"), "loop-changes")
    _parameters(now)


def _zero(now: Moment) -> None:
    st.markdown(_("`optimizer.zero_grad()`: each `.grad` is None again, ready for the next batch."))
    _parameters(now)


def _images(now: Moment) -> None:
    assert now.images is not None and now.labels is not None
    pixels = (now.images * 255).round().byte()
    tiles(
        pixels, [str(label) for label in now.labels.tolist()], columns=8, key="loop-images",
        label=_("The images of the batch, with their labels"), max_tile=_WIDEST,
    )  # fmt: skip


def _units(weights: Tensor, label: str, key: str) -> None:
    st.caption(label)
    tiles(weights.view(-1, 28, 28), columns=8, key=key, kind="signed", label=label, max_tile=_WIDEST)


def _parameters(now: Moment) -> None:
    head = [_("Parameter"), _("Shape"), _("Norm"), _("Norm of .grad")]
    rows = [f"| {' | '.join(head)} |", "| :-- | :-- | --: | --: |"]
    for name, weight in now.weights.items():
        gradient = now.gradients[name]
        told = "None" if gradient is None else f"{float(gradient.norm()):.6f}"
        shape = "\u00a0×\u00a0".join(map(str, weight.shape))
        rows.append(f"| `{name}` | {shape} | {float(weight.norm()):.6f} | {told} |")
    st.markdown("\n".join(rows))


VIEWS: dict[str | None, Callable[[Moment], None]] = {
    None: _begin,
    "batch": _batch,
    "forward": _forward,
    "loss": _loss,
    "backward": _backward,
    "step": _step,
    "zero": _zero,
}
