"""Why PyTorch refuses: a sentence of ours for each of its messages, all in the table below."""

from __future__ import annotations

import re
from collections.abc import Callable

from nnlab.errors import Sentence


def explain(message: str) -> Sentence:
    """Why PyTorch says that, in a sentence of ours."""
    for pattern, sentence in _WHY:
        match = re.search(pattern, message)
        if match is not None:
            return sentence(match)
    return Sentence("PyTorch refuses this.")


def _outside(match: re.Match[str]) -> Sentence:
    size = int(match[3])
    if size == 0:
        return Sentence("Dim {dim} is empty: it has no places to choose.", dim=match[2])
    return Sentence(
        "Dim {dim} has {size} places: 0 to {last}, or from the end -{size} to -1.",
        dim=match[2], size=size, last=size - 1,
    )  # fmt: skip


# What its messages look like, and the sentence for each; the first that is found counts.
_WHY: tuple[tuple[str, Callable[[re.Match[str]], Sentence]], ...] = (
    (r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)", _outside),
    (
        r"too many indices for tensor of dimension (\d+)",
        lambda m: Sentence(
            "What is indexed has {dims} dims, and an index names each of them at most once.", dims=m[1]
        ),
    ),
    (
        r"step must be greater than zero",
        lambda m: Sentence("Unlike a list, a tensor has no slice that runs backwards; flip turns it around."),
    ),
    (
        r"indexing tensors could not be broadcast",
        lambda m: Sentence("Lists are read in pairs, one place from each, so they need one length."),
    ),
    (
        r"The shape of the mask",
        lambda m: Sentence("A mask says yes or no to every place, so it has the shape of what it is put to."),
    ),
    (
        r"slice\(\) cannot be applied to a 0-dim",
        lambda m: Sentence("A single number has no dims, so there is nothing to slice."),
    ),
    (
        r"invalid index of a 0-dim tensor",
        lambda m: Sentence("A single number has no dims; item() reads it."),
    ),
    (
        r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)",
        lambda m: Sentence(
            "There is no dim {dim}; here they run from {low} to {high}.", dim=m[3], low=m[1], high=m[2]
        ),
    ),
    (
        r"Dimension specified as (-?\d+) but tensor has no dimensions",
        lambda m: Sentence("A single number has no dims."),
    ),
    (
        r"zero-dimensional tensor .* cannot be concatenated",
        lambda m: Sentence("cat joins along a dim, and a single number has none; stack makes one."),
    ),
    (
        r"Tensors must have same number of dimensions: got (\d+) and (\d+)",
        lambda m: Sentence("cat needs as many dims in each: here {one} and {other}.", one=m[1], other=m[2]),
    ),
    (
        r"Sizes of tensors must match except in dimension (\d+)\. Expected size (\d+) but got size (\d+)",
        lambda m: Sentence(
            "Only dim {dim} may differ, the one they are joined along; elsewhere {one} meets {other}.",
            dim=m[1],
            one=m[2],
            other=m[3],
        ),
    ),
    (
        r"stack expects each tensor to be equal size",
        lambda m: Sentence("stack lays equal shapes on top of each other; these differ."),
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)",
        lambda m: Sentence(
            "A row of a has {row} numbers, a column of b has {column}; they are multiplied in "
            "pairs, so both must be equal.",
            row=m[2],
            column=m[3],
        ),
    ),
    (
        r"(self|mat2) must be a matrix, got (\d+)-D tensor",
        lambda m: Sentence("mm takes two matrices and nothing else; matmul also takes vectors and batches."),
    ),
    (
        r"1D tensors expected, but got",
        lambda m: Sentence("dot takes two vectors: tensors of one dim."),
    ),
    (
        r"inconsistent tensor size, expected tensor \[(\d+)\] and src \[(\d+)\]",
        lambda m: Sentence(
            "dot multiplies in pairs, so {one} numbers need {one} partners, not {other}.",
            one=m[1],
            other=m[2],
        ),
    ),
    (
        r"size mismatch, got input \(\d+\), mat \((\d+)x(\d+)\), vec \((\d+)\)",
        lambda m: Sentence(
            "A row of the matrix has {row} numbers, the vector {length}; they are multiplied in pairs.",
            row=m[2],
            length=m[3],
        ),
    ),
    (
        r"vector \+ matrix @ vector expected",
        lambda m: Sentence("mv takes a matrix and then a vector."),
    ),
    (
        r"batch[12] must be a 3D tensor",
        lambda m: Sentence("bmm multiplies batches of matrices: both have three dims, the batch first."),
    ),
    (
        r"first two dimensions of batch2 tensor to be: \[(\d+), (\d+)\] but got: \[(\d+), (\d+)\]",
        lambda m: Sentence(
            "The batch of b must be that of a, {batch}, and its columns as long as the rows of a: "
            "{row}. bmm stretches nothing.",
            batch=m[1],
            row=m[2],
        ),
    ),
    (
        r"both arguments to matmul need to be at least 1D",
        lambda m: Sentence("A single number is multiplied by `*`; matmul needs a dim to sum along."),
    ),
    (
        r"must have the same dtype|expected scalar type|expected .* to have the same dtype|have same dtype",
        lambda m: Sentence(
            "`*` brings both to one dtype; matrix products do not: convert one with `to(...)`."
        ),
    ),
    (
        r"tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)",
        lambda m: Sentence(
            "In dim {dim} of the result {one} meets {other}, and neither is 1: nothing can be stretched.",
            dim=m[3],
            one=m[1],
            other=m[2],
        ),
    ),
    (
        r"(\w+)\(\) received an invalid combination of arguments - got \(.*tuple",
        lambda m: Sentence("{name} takes one dim at a time.", name=m[1]),
    ),
    (
        r"(\w+)\(\): argument 'dim' must be int, not tuple",
        lambda m: Sentence("{name} takes one dim at a time.", name=m[1]),
    ),
    (
        r"dim (\d+) appears multiple times",
        lambda m: Sentence("Each dim can go once only; a negative number names one counted from the end."),
    ),
    (
        r"could not infer output dtype. Input dtype must be either a floating point or complex dtype",
        lambda m: Sentence("The mean of whole numbers would seldom be whole: convert with float() first."),
    ),
    (
        r"only support floating point and complex dtypes",
        lambda m: Sentence("Of whole numbers this would seldom be whole: convert with float() first."),
    ),
    (
        r"Expected reduction dim",
        lambda m: Sentence("Of no elements there is none that is largest or smallest."),
    ),
    (
        r"view size is not compatible with input tensor's size and stride",
        lambda m: Sentence(
            "Read in order, these elements lie at uneven distances in memory, and a view has one "
            "stride a dim. reshape copies where it must; contiguous() copies first."
        ),
    ),
    (
        r"shape '\[(.*)\]' is invalid for input of size (\d+)",
        lambda m: Sentence(
            "The sizes [{shape}] do not multiply to {count}, the number of elements there are.",
            shape=m[1],
            count=m[2],
        ),
    ),
    (
        r"only one dimension can be inferred",
        lambda m: Sentence("-1 stands for the size that is left over, so it can stand once."),
    ),
    (
        r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)",
        lambda m: Sentence(
            "Only a size of 1 can be stretched; {old} cannot become {new}.", old=m[2], new=m[1]
        ),
    ),
    (
        r"number of sizes provided .* must be greater or equal to the number of dimensions",
        lambda m: Sentence("expand is given a size for every dim; -1 leaves one as it is."),
    ),
    (
        r"Number of dimensions of repeat dims can not be smaller",
        lambda m: Sentence("repeat is given a number for every dim."),
    ),
    (
        r"permute.*(?:duplicate dims|number of dimensions in the tensor input does not match)",
        lambda m: Sentence("permute names every dim exactly once."),
    ),
    (
        r"cannot be converted to Scalar",
        lambda m: Sentence("item() is for tensors of exactly one element."),
    ),
    (
        r"value cannot be converted to type (\w+) without overflow",
        lambda m: Sentence("That dtype cannot hold a number of this size."),
    ),
    (
        r"a view of a leaf Variable that requires grad is being used in an in-place operation",
        lambda m: Sentence(
            "What is written into is part of a tensor that collects a gradient; write inside torch.no_grad()."
        ),
    ),
    (
        r"a leaf Variable that requires grad is being used in an in-place operation",
        lambda m: Sentence(
            "Autograd starts from this tensor: if it changed, the gradient would belong to values "
            "that are gone. Change it inside torch.no_grad(), as optimizers do."
        ),
    ),
    (
        r"modified by an inplace operation: .*is at version (\d+); expected version (\d+)",
        lambda m: Sentence(
            "backward needs a value as it was at version {old}; it was written over and is at version {new}.",
            new=m[1],
            old=m[2],
        ),
    ),
    (
        r"result type (\w+) can't be cast to the desired output type (\w+)",
        lambda m: Sentence(
            "In place, the dtype stays {kept}, and {result} does not fit into it without loss.",
            kept=m[2],
            result=m[1],
        ),
    ),
    (
        r"output with shape \[.*\] doesn't match the broadcast shape",
        lambda m: Sentence("In place, the shape stays as it is: only the other side can be stretched."),
    ),
    (
        r"more than one element of the written-to tensor refers to a single memory location",
        lambda m: Sentence(
            "Stretched elements are one place in memory, which cannot be written twice at once."
        ),
    ),
    (
        r"Can't call numpy\(\) on Tensor that requires grad",
        lambda m: Sentence("NumPy knows no gradients, so PyTorch wants them left behind by name: detach()."),
    ),
    (
        r"Got unsupported ScalarType (\w+)",
        lambda m: Sentence("NumPy has no such dtype; convert with float() first."),
    ),
    (
        r"At least one stride in the given numpy array is negative",
        lambda m: Sentence(
            "NumPy can walk through memory backwards; the strides of a tensor are never negative."
        ),
    ),
    (
        r"t\(\) expects a tensor with <= 2 dimensions",
        lambda m: Sentence("t() turns a matrix around; say the order of more dims with permute."),
    ),
    (
        r"narrow\(\) cannot be applied|start out of range",
        lambda m: Sentence("narrow takes a dim, a place in it to start from, and how many places."),
    ),
    (r"slice step cannot be zero", lambda m: Sentence("With a step of 0 a slice never gets on.")),
    (
        r"isn't allowed in a leading, non-existing dimension",
        lambda m: Sentence("-1 keeps the size of a dim; one that is not there yet has none to keep."),
    ),
    (
        r"does not support bool input",
        lambda m: Sentence("Of True and False none is largest; convert with int() first."),
    ),
    (r"integer multiplication overflow", lambda m: Sentence("A size of -1 cannot be expanded that way.")),
    (
        r"check_random_bounds handles only",
        lambda m: Sentence("There are random whole numbers of real dtypes only."),
    ),
    (
        r"not implemented for '(\w+)'",
        lambda m: Sentence("There is no such operation for the dtype {dtype}.", dtype=m[1]),
    ),
    (
        r"Found no NVIDIA driver|not compiled with CUDA|not linked with support|Cannot access accelerator",
        lambda m: Sentence("This machine has no such device, or this PyTorch was built without it."),
    ),
    (
        r"on device .*is not on the expected device|Expected all tensors to be on the same device",
        lambda m: Sentence(
            "Both sides of an operation lie on one device; PyTorch never moves one by itself."
        ),
    ),
    (
        r"upper bound and lower bound inconsistent with step sign|upper bound and larger bound inconsistent",
        lambda m: Sentence("With such a step the end is never reached from the start."),
    ),
    (
        r"out of bounds for (\w+)",
        lambda m: Sentence("The dtype {dtype} does not reach that far.", dtype=m[1]),
    ),
    (
        r"start \((-?\d+)\) \+ length \((\d+)\) exceeds dimension size \((\d+)\)",
        lambda m: Sentence(
            "narrow would read from {first} up to {last}, but the dim has {size} places.",
            first=m[1],
            last=int(m[1]) + int(m[2]) - 1,
            size=m[3],
        ),
    ),
    (
        r"argument 'dim' must be int, not NoneType",
        lambda m: Sentence("Without a dim this gives one number, and there is no dim to keep."),
    ),
    (
        r"Tensor.T. on tensors of dimension|tensor\.T is only supported|only supported on matrices",
        lambda m: Sentence(
            "Only a matrix has one other way to be read; say the order of the dims with permute."
        ),
    ),
    (r"step must be nonzero", lambda m: Sentence("With a step of 0 the end is never reached.")),
)
