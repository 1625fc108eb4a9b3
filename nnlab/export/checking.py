"""The part of a script that measures the trained network, and compares it with what the run recorded."""

from __future__ import annotations

from nnlab.export.parts import Part
from nnlab.export.recorded import Recorded

_EVALUATE = '''\
@torch.inference_mode()
def evaluate(model, x, y):
    """The mean loss and the share of right answers, over all samples."""
    model.eval()
    loss, right = 0.0, 0
    for images, labels in zip(x.split({chunk}), y.split({chunk})):
{logits}
        loss += {loss}(logits, labels).item() * len(labels)
        right += (logits.argmax(1) == labels).sum().item()
    return loss / len(y), right / len(y)'''
_LOGITS = "        logits = model(normalise(images / 255))"
_LOGITS_THERE = """\
        labels = labels.to(DEVICE)
        logits = model(normalise(images / 255).to(DEVICE))"""
_DIGEST = '''\
def digest(weights):
    """SHA-256 over the names and the bytes of all weights."""
    found = hashlib.sha256()
    for name, tensor in weights.items():
        content = bytearray(tensor.nbytes)
        torch.frombuffer(content, dtype=tensor.dtype).copy_(tensor.flatten())
        found.update(name.encode() + content)
    return found.hexdigest()'''

_MEASURED = """\
found = {}
found["test loss"], found["test accuracy"] = evaluate(model, test_x, test_y)"""
_ALL_MEASURED = """\
found = {}
for part, x, y in [("validation", valid_x, valid_y), ("test", test_x, test_y)]:
    found[f"{part} loss"], found[f"{part} accuracy"] = evaluate(model, x, y)"""
_RESULT = """\
{measured}
for name, value in found.items():
    print(f"{{name}}: {{value:.6f}}")"""
_CHECK = """\
{measured}
found["weights"] = digest(model.state_dict())
for name, value in found.items():
    print(f"{{name}}: {{value}}")

if found != RECORDED:
    raise AssertionError(f"the run ended with {{RECORDED}} (torch {version})")
print("bit for bit what the run ended with")"""
_COMPARISON = """\
{measured}
for name, value in found.items():
    print(f"{{name}}: {{value:.6f}} (in the run {{RECORDED[name]:.6f}})")"""


def check_part(loss: str, chunk: int, validated: bool, device: str, recorded: Recorded | None) -> Part:
    """What evaluates ``model`` and ends with an error where the run, on the CPU, ended otherwise.

    On an accelerator sums are formed in another order from one time to the next, so there the script only
    prints what the run recorded beside what it found.

    Args:
        loss: what the script calls its loss.
        chunk: how many samples the run evaluated at a time.
        validated: whether there is a validation part, besides the test part.
        device: where the script trains.
        recorded: None where there is no run.
    """
    evaluate = _EVALUATE.format(loss=loss, chunk=chunk, logits=_LOGITS if device == "cpu" else _LOGITS_THERE)
    measured = _ALL_MEASURED if validated else _MEASURED
    if recorded is None:
        return Part("Result", (evaluate,), (_RESULT.format(measured=measured),))
    if device != "cpu":
        return Part("Check", (evaluate,), (_record(recorded, False), _COMPARISON.format(measured=measured)))
    check = _CHECK.format(measured=measured, version=recorded.torch)
    return Part("Check", (evaluate, _DIGEST), (_record(recorded, True), check))


def _record(recorded: Recorded, weights: bool) -> str:
    """The constant with what the run ended with."""
    values = [f'    "{name.replace("_", " ")}": {value!r},' for name, value in recorded.measured.items()]
    if weights:
        values.append(f'    "weights": "{recorded.digest}",')
    return "\n".join([f"RECORDED = {{  # by the run {recorded.run}, at its end", *values, "}"])
