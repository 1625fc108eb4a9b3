"""Plain PyTorch for the part Inside: behind the program of the network, what is shown of it."""

from __future__ import annotations

from nnlab.lens.forward import Forward
from nnlab.lens.saliency import usual_cam_layer
from nnlab.ui.draw.reader import Reader

_SALIENCY = """
# Saliency: the gradient of a logit by the image.
x.requires_grad_()
{hooks}logits = model(x)[0]
best, second = logits.argsort(descending=True)[:2]
{explained}
(gradient,) = torch.autograd.grad(explained, x, retain_graph=True)
product = gradient * x  # what each pixel adds, as far as the network is linear
"""
_HOOK = """\
maps = []
layer = model.get_submodule({layer!r})
hook = layer.register_forward_hook(lambda module, inputs, output: maps.append(output))
"""
_CAM = """
# Grad-CAM: the maps of a layer, each weighted by the mean of its gradient.
hook.remove()
(slopes,) = torch.autograd.grad(explained, maps[0], retain_graph=True)
cam = torch.relu((slopes.mean((2, 3), keepdim=True) * maps[0]).sum(1, keepdim=True))
cam = nn.functional.interpolate(cam, x.shape[2:], mode="bilinear")[0, 0]
"""
_SUMS = """
# What the last layer adds up: a product for each unit that reaches it, and the bias.
last = model.get_submodule({last!r})
reached = []
hook = last.register_forward_pre_hook(lambda module, inputs: reached.append(inputs[0]))
model(x)
hook.remove()
products = last.weight[best] * reached[0][0]
print(products.sum(){bias}, logits[best])
"""
_EXPLAINED = {
    "first": "explained = logits[best]",
    "second": "explained = logits[second]",
    "difference": "explained = logits[best] - logits[second]",
}


def inside_code(reader: Reader, seen: Forward, cam: str | None, explained: str) -> str:
    """The program of `reader`, and then saliency, Grad-CAM with the maps of `cam`, and the sums of the last
    layer, where the network has them; `explained` as in the URL.

    In that program layers without weights are functions, which have no hooks; in place of one of them,
    Grad-CAM takes the usual convolution.
    """
    if cam is not None and next(reader.model.get_submodule(cam).parameters(), None) is None:
        cam = usual_cam_layer(reader.model, seen)
    hooks = "" if cam is None else _HOOK.format(layer=cam)
    text = reader.code + _SALIENCY.format(hooks=hooks, explained=_EXPLAINED[explained])
    if cam is not None:
        text += _CAM
    if seen.last is not None:
        bias = "" if seen.last.linear.bias is None else " + last.bias[best]"
        text += _SUMS.format(last=seen.last.name, bias=bias)
    return text
