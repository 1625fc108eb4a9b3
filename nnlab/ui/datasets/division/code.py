"""The same division in plain torch."""

from __future__ import annotations

from nnlab.data import Dataset
from nnlab.data.division import Division

_STRATIFIED = '''
def hold_out(places, count):
    """`count` of `places` at random, shared out among the classes by largest remainders."""
    sizes = torch.bincount(labels[places])
    quotas, remainders = count * sizes // len(places), count * sizes % len(places)
    quotas[remainders.argsort(descending=True, stable=True)[: count - quotas.sum()]] += 1
    taken = []
    for label, quota in enumerate(quotas):
        of_class = places[labels[places] == label]
        taken.append(of_class[torch.randperm(len(of_class), generator=generator)[:quota]])
    return torch.cat(taken).sort().values
'''
_PLAIN = '''
def hold_out(places, count):
    """`count` of `places` at random."""
    return places[torch.randperm(len(places), generator=generator)[:count]].sort().values
'''


def division_code(data: Dataset, division: Division) -> str:
    """What follows where `dataset` and `labels` are those of the published training split."""
    counts = division.counts(len(data.train), len(data.test))
    lines = []
    if division.test is not None:
        lines = [
            'published = Images("test", transform)',
            "dataset = ConcatDataset([dataset, published])  # all images, to be divided anew",
            "labels = torch.cat([labels, published.labels])",
        ]
    lines += [
        f"generator = torch.Generator().manual_seed({division.seed})",
        "",
        (_STRATIFIED if division.stratified else _PLAIN).rstrip(),
        "",
        "",
        "train = torch.arange(len(labels))",
    ]
    names = [("test", counts.test)] if division.test is not None else []
    names += [("validation", counts.validation)] if counts.validation else []
    for name, count in names:
        whole = "" if division.test is None else f" = {getattr(division, name):.0%} of {sum(counts):,}"
        lines += [
            f"{name} = hold_out(train, {count})  # {count:,}{whole} images",
            f"train = train[~torch.isin(train, {name})]",
        ]
    for name in ["train", *(name for name, _ in names)]:
        shuffle = ", shuffle=True" if name == "train" else ""
        lines.append(f"{name}_loader = DataLoader(Subset(dataset, {name}.tolist()), batch_size=64{shuffle})")
    return "\n".join(lines)
