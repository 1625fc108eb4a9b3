"""The Autograd page's engine against plain PyTorch: random expressions, and all that can be mistyped."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnlab.errors import LabError
from nnlab.lessons.autograd.again import play, times
from nnlab.lessons.autograd.backward import Refusal, go_back
from nnlab.lessons.autograd.checks import compare, jacobians, sweep
from nnlab.lessons.autograd.functions import FUNCTIONS
from nnlab.lessons.autograd.given import Given, make_leaves, read_values
from nnlab.lessons.autograd.mistakes import MISTAKES
from nnlab.lessons.autograd.programs import outcome
from nnlab.lessons.autograd.running import MOST_ELEMENTS, Refused, run
from nnlab.lessons.autograd.source import program
from nnlab.lessons.typed import TypedError

CLASSIC = "Q = 3*a**3 - b**2"
GIVEN = (Given("a", "[2., 3.]"), Given("b", "[6., 4.]"))


def classic() -> dict[str, torch.Tensor]:
    return make_leaves(GIVEN)


def test_the_classic_gives_what_the_tutorial_says() -> None:
    graph = run(CLASSIC, classic())
    walk = go_back(graph, torch.tensor([1.0, 1.0]))
    found = {graph.nodes[place].name: total.tolist() for place, total in walk.gradients.items()}
    assert found["a"] == [36.0, 81.0] and found["b"] == [-12.0, -8.0]
    assert walk.apart == 0
    assert [graph.nodes[step.node].title for step in walk.steps] == [
        "· - ·", "· - ·", "b**2", "3 * ·", "a**3",
    ]  # fmt: skip


# A tree is drawn first and then both written down for the page and computed by plain torch.
_ONE = {
    "sin": torch.sin, "cos": torch.cos, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "exp": torch.exp,
    "square": torch.square, "relu": torch.relu, "abs": torch.abs, "sum": torch.sum, "mean": torch.mean,
    "clone": torch.clone,
}  # fmt: skip
_TWO = {
    "+": torch.add, "-": torch.sub, "*": torch.mul, "/": torch.div, "@": torch.matmul,
    "maximum": torch.maximum,
}  # fmt: skip
_SHAPES = {"a": (2, 3), "b": (3,), "c": (3, 2), "d": ()}


@pytest.mark.parametrize(
    "name", [*(name for name, one in FUNCTIONS.items() if one.each), *"+-*/", "**", "neg"]
)
def test_the_rules_that_are_told_are_the_derivatives(name: str) -> None:
    values = (Given("x", "[0.5, 2., 3.]", dtype="float64"), Given("y", "[2., 1., 0.5]", dtype="float64"))
    two = name in FUNCTIONS and FUNCTIONS[name].inputs == 2
    text = "-x" if name == "neg" else f"{name}(x{', y' * two})" if name in FUNCTIONS else f"x {name} y"
    leaves = make_leaves(values)
    node = run(text, leaves).nodes[-1]
    wanted = torch.autograd.grad(node.value.sum(), [leaves["x"], leaves["y"]][: len(node.inputs)])
    space = {**vars(torch), **{name: leaf.detach() for name, leaf in leaves.items()}}
    for rule, derivative in zip(node.rules, wanted, strict=True):
        torch.testing.assert_close(eval(rule, space) * torch.ones(3).double(), derivative)


def _trees() -> st.SearchStrategy[object]:
    leaf = st.one_of(st.sampled_from(sorted(_SHAPES)), st.sampled_from([2, 0.5, 3]))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(sorted(_ONE)), inner),
            st.tuples(st.sampled_from(sorted(_TWO)), inner, inner),
            st.tuples(st.just("neg"), inner),
            st.tuples(st.just("pow"), inner, st.sampled_from([2, 3])),
            st.tuples(st.just("softmax"), inner),
        ),
        max_leaves=7,
    )


def _written(tree: object) -> str:
    if not isinstance(tree, tuple):
        return str(tree)
    parts = [_written(part) for part in tree[1:]]
    match tree[0]:
        case "neg":
            return f"(-{parts[0]})"
        case "pow":
            return f"({parts[0]})**{parts[1]}"
        case "softmax":
            return f"torch.softmax({parts[0]}, dim=0)"
        case "maximum":
            return f"maximum({parts[0]}, {parts[1]})"
        case sign if sign in _TWO:
            return f"({parts[0]} {sign} {parts[1]})"
        case "mean":
            return f"({parts[0]}).mean()"
    return f"{tree[0]}({parts[0]})"


def _computed(tree: object, leaves: dict[str, torch.Tensor]) -> object:
    if isinstance(tree, str):
        return leaves[tree]
    if not isinstance(tree, tuple):
        return tree
    parts = [_computed(part, leaves) for part in tree[1:]]
    match tree[0]:
        case "neg":
            return -parts[0]
        case "pow":
            return parts[0] ** parts[1]
        case "softmax":
            return torch.softmax(parts[0], dim=0)
        case "+":
            return parts[0] + parts[1]
        case "-":
            return parts[0] - parts[1]
        case "*":
            return parts[0] * parts[1]
        case "/":
            return parts[0] / parts[1]
        case "@":
            return parts[0] @ parts[1]
        case "maximum":
            return torch.maximum(parts[0], parts[1])
    return _ONE[tree[0]](parts[0])


def _leaves(seed: int, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()
        for name, shape in _SHAPES.items()
    }


@settings(max_examples=150)
@given(tree=_trees(), seed=st.integers(0, 99), double=st.booleans())
def test_random_expressions_give_the_values_and_gradients_of_plain_torch(
    tree: object, seed: int, double: bool
) -> None:
    dtype = torch.float64 if double else torch.float32
    ours, theirs = _leaves(seed, dtype), _leaves(seed, dtype)
    text = _written(tree)
    try:
        wanted = _computed(tree, theirs)
    except (RuntimeError, TypeError, IndexError, OverflowError):
        with pytest.raises(TypedError):
            run(text, ours)
        return
    assume(isinstance(wanted, torch.Tensor))
    assert isinstance(wanted, torch.Tensor)
    graph = run(text, ours)
    assert torch.equal(graph.result, wanted) or graph.result.isnan().any()
    gradient = torch.ones_like(wanted)
    walk = go_back(graph, gradient)
    wanted.backward(gradient)
    for place, node in enumerate(graph.nodes):
        if node.run is not None:
            continue
        torchs = theirs[node.name].grad
        assert torchs is not None
        torch.testing.assert_close(walk.torchs[place], torchs, rtol=0, atol=0, equal_nan=True)
    assert walk.apart == 0  # what is added up along the edges is .grad, bit by bit
    for step in walk.steps:
        if step.local is None or not bool((step.local * step.incoming).isfinite().all()):
            continue
        product = (step.local * step.incoming).sum_to_size(step.outgoing.shape)
        torch.testing.assert_close(product, step.outgoing, rtol=1e-4, atol=1e-5)


@settings(max_examples=25)
@given(tree=_trees(), seed=st.integers(0, 99))
def test_gradcheck_agrees_where_the_page_says_that_the_numeric_check_does(tree: object, seed: int) -> None:
    text = _written(tree)
    assume(not any(word in text for word in ("relu", "abs", "maximum")))  # kinks
    leaves = _leaves(seed, torch.float64)
    try:
        graph = run(text, leaves)
    except TypedError:
        assume(False)
    assume(bool(graph.result.isfinite().all()) and float(graph.result.detach().abs().max()) < 1e4)
    try:
        checked = compare(graph, torch.ones_like(graph.result))
    except LabError:
        assume(False)
    names = [name for name in leaves if any(node.name == name for node in graph.nodes)]
    assume(bool(names))

    def alone(*values: torch.Tensor) -> torch.Tensor:
        return graph.rerun({**leaves, **dict(zip(names, values, strict=True))})

    assert torch.autograd.gradcheck(alone, [leaves[name] for name in names], atol=1e-3, rtol=1e-3)
    for one in checked:
        assert one.numeric == pytest.approx(one.double, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "start", "said"),
    [
        ("a +", 3, "missing at the end"),
        ("3*(a + b", 2, "not closed"),
        ("a + b)", 5, "no bracket"),
        ("a b", 2, "sign is missing"),
        ("c + a", 0, "no tensor “c”"),
        ("a.__class__", 2, "not one of the methods"),
        ("a.backward()", 2, "not one of the methods"),
        ("a.grad", 2, "cannot use it"),
        ("__import__('os')", 11, "no meaning"),
        ("eval(a)", 0, "not one of the functions"),
        ("torch.load(a)", 6, "not one of the functions"),
        ("torch.__dict__", 6, "comes a function"),
        ("a[0]", 1, "Indexing"),
        ("a ^ 2", 2, "a ** 3"),
        ("a + ١", 4, "digits 0 to 9"),
        ("a += 1", 2, "in place"),
        ("a == b", 2, "comparison"),
        ("a // b", 2, "on offer"),
        ("9**9**9 * a", 0, "too large"),
        ("a**" + "9**" * 20 + "9", 57, "too large"),
        ("1e999*a", 0, "too long or too large"),
        ("a*007", 2, "does not read this as a number"),
        ("9" * 24 + "**a", 24, "int too big"),
        ("print = a*b", 0, "has a meaning already"),
        ("1/0*a", 1, "divides by zero"),
        ("sin(2)", 4, "takes a tensor here"),
        ("softmax(a)", 0, "along which dimension"),
        ("sum(a, dim=0.5)", 11, "whole number"),
        ("sum(a, axis=0)", 0, "no free setting"),
        ("3*4", 0, "no tensor in the result"),
        ("a = a*2", 0, "needs another name"),
        ("_x = a; _x", 0, "begins with a letter"),
        ("lambda: a", 6, "no meaning"),
        ("(" * 60 + "a", 30, "inside each other"),
        ("-" * 60 + "a", 30, "inside each other"),
        ("+".join(["a"] * 60), 81, "At most 40 operations"),
        ("a+" * 300, 400, "characters long"),
        ("a.T", 2, "turns a matrix"),
        ("", 0, "Nothing is typed"),
    ],
)
def test_what_is_mistyped_is_told_with_its_place(text: str, start: int, said: str) -> None:
    with pytest.raises(TypedError) as caught:
        run(text, classic())
    assert said in str(caught.value)
    assert caught.value.start == start


def test_what_pytorch_refuses_is_told_in_its_own_words() -> None:
    leaves = make_leaves([Given("a", "[1., 2.]"), Given("b", "[1., 2., 3.]")])
    with pytest.raises(Refused) as caught:
        run("2*a + b", leaves)
    with pytest.raises(RuntimeError) as torchs:
        2 * leaves["a"] + leaves["b"]
    assert caught.value.values["reason"] == str(torchs.value).splitlines()[0]
    assert caught.value.start == 4


@pytest.mark.parametrize("text", ["a * b", "maximum(a, b)", "b @ a"])
def test_nothing_grows_beyond_the_limit_and_that_is_known_before(text: str) -> None:
    column = "[" + ",".join(["[1.]"] * 66) + "]"
    row = "[[" + ",".join(["1."] * 66) + "]]"
    leaves = make_leaves([Given("a", row), Given("b", column)])
    with pytest.raises(TypedError, match=f"{MOST_ELEMENTS:,}"):
        run(text, leaves)


@pytest.mark.parametrize(
    ("text", "start", "said"),
    [
        ("[1, 2", 0, "not closed"), ("[1, 2]]", 6, "ends before"), ("[[1, 2], [3]]", 9, "equally long"),
        ("[1 2]", 3, "comma"), ("", 0, "missing"), ("x", 0, "not a number"), ("[]", 0, "empty"),
        ("1e39", 0, "cannot hold"), ("[[[[[1]]]]]", 4, "inside each other"),
        ("[" + "1," * 150 + "]", 257, "At most 128"),
    ],
)  # fmt: skip
def test_what_is_no_tensor_is_told_with_its_place(text: str, start: int, said: str) -> None:
    with pytest.raises(TypedError) as caught:
        read_values(text)
    assert said in str(caught.value) and caught.value.start == start


@given(
    st.recursive(
        st.floats(-1e6, 1e6, width=32), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=9
    )
)
def test_lists_are_read_as_torch_reads_them(values: object) -> None:
    try:
        wanted = torch.tensor(values)
    except (ValueError, TypeError):
        with pytest.raises(TypedError):
            read_values(repr(values))
        return
    assume(wanted.ndim <= 4)
    assert torch.equal(Given("a", repr(values)).tensor(), wanted)


@pytest.mark.parametrize("no_grad", [False, True])
def test_without_a_graph_pytorch_refuses_to_go_back(no_grad: bool) -> None:
    leaves = make_leaves([Given("a", "2.", requires_grad=no_grad)])
    graph = run("a*a", leaves, no_grad=no_grad)
    assert not any(node.backward for node in graph.nodes)
    with pytest.raises(Refusal, match="does not require grad"):
        go_back(graph)


def test_a_gradient_is_needed_for_more_than_one_number_and_must_fit() -> None:
    graph = run(CLASSIC, classic())
    with pytest.raises(Refusal, match="only for scalar outputs"):
        go_back(graph)
    with pytest.raises(Refusal, match="Mismatch in shape"):
        go_back(graph, torch.ones(3))


def test_detach_cuts_the_path_and_composite_operations_tell_all_their_nodes() -> None:
    graph = run("a.detach()*b + 2/a", classic())
    by_title = {node.title: node for node in graph.nodes}
    assert by_title["detach(a)"].backward == ()
    assert by_title["2 / a"].backward == ("MulBackward0", "ReciprocalBackward0")
    walk = go_back(graph, torch.ones(2))
    assert not [step for step in walk.steps if graph.nodes[step.to].title == "detach(a)"]
    place = next(place for place, node in enumerate(graph.nodes) if node.name == "a")
    torch.testing.assert_close(walk.torchs[place], -2 / torch.tensor([2.0, 3.0]) ** 2)


def test_the_jacobian_and_products_with_it() -> None:
    graph = run("a*a.sum() + b", classic())
    found = jacobians(graph)
    wanted = torch.autograd.functional.jacobian(lambda a: a * a.sum(), torch.tensor([2.0, 3.0]))
    assert torch.equal(found["a"], wanted) and torch.equal(found["b"], torch.eye(2))
    gradient = torch.tensor([0.0, 1.0])
    walk = go_back(graph, gradient)
    place = next(place for place, node in enumerate(graph.nodes) if node.name == "a")
    assert torch.equal(walk.torchs[place], gradient @ wanted)


def test_the_error_of_differences_falls_with_h_and_then_rises() -> None:
    errors = sweep(run("exp(a).sum()", classic()), torch.tensor(1.0), [1e-1, 1e-2, 1e-5, 1e-12])
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.1)
    assert errors[2] < 1e-9 < errors[3]


def test_gradients_add_up_until_they_are_emptied() -> None:
    leaves = classic()
    told = play(CLASSIC, leaves, torch.ones(2), "rrbbznfb")
    grads = [None if one.gradients["a"] is None else one.gradients["a"].tolist() for one in told]
    assert grads == [[36, 81], [72, 162], [108, 243], [108, 243], [0, 0], None, None, [36, 81]]
    assert [bool(one.refused) for one in told] == [act == 3 for act in range(8)]
    assert "second time" in str(told[3].refused)
    assert times(told[2].gradients["a"], told[0].gradients["a"]) == 3
    # A sum keeps no tensors, so PyTorch does not mind going back through it again.
    assert not any(one.refused for one in play("a + b", classic(), torch.ones(2), "bb"))


@pytest.mark.parametrize(
    ("text", "gradient", "double"),
    [
        (CLASSIC, "[1, 1]", False),
        ("h = sin(a) × a/2; h.sum()", "", False),
        ("softmax(a*a+a, dim=0) @ b", "", True),
        ("torch.exp(-a); mean(sigmoid(b) − a)", "", False),
    ],
)
def test_the_program_shown_runs_and_leaves_the_same_gradients(text: str, gradient: str, double: bool) -> None:
    given_ = (Given("a", "[2, 3]", dtype="float64" if double else "float32"), Given("b", "[6, 4]"))
    if double:
        given_ = tuple(Given(row.name, row.values, dtype="float64") for row in given_)
    space: dict[str, object] = {"print": lambda *values: None}
    exec(program(text, given_, gradient), space)
    leaves = make_leaves(given_)
    graph = run(text, leaves)
    seed = torch.tensor(read_values(gradient), dtype=graph.result.dtype) if gradient else None
    walk = go_back(graph, seed)
    for place, node in enumerate(graph.nodes):
        if node.run is None:
            own = space[node.name].grad  # type: ignore[attr-defined]
            assert torch.equal(own, walk.torchs[place])


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_happens_and_its_mending_mends_it(name: str) -> None:
    mistake = MISTAKES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what happens inside is caught there
        wrong, mended = outcome(mistake.wrong), outcome(mistake.mended)
    assert bool(wrong.error) == (mistake.kind == "error")
    assert bool(wrong.line) == (mistake.kind != "silent")
    if mistake.kind == "warning":
        assert wrong.warned
    assert not mended.error and not mended.warned and mended.printed
    assert wrong.printed != mended.printed
