"""Layers that read a sequence step by step. They are explained; networks of images have no place for them."""

from __future__ import annotations

from nnlab.errors import Sentence
from nnlab.nets.layers.fields import Field
from nnlab.nets.layers.kind import Call, LayerKind, Options, Shape


def _recurrent(name: str, torch: str, about: Sentence, *fields: Field) -> LayerKind:
    rest = (*fields, Field("bias", True, "toggle"))

    def call(in_shape: Shape, o: Options) -> Call:
        unusual = {field.name: o[field.name] for field in rest if o[field.name] != field.default}
        return Call(torch, (in_shape[1], o["hidden_size"]), {**unusual, "batch_first": True})

    def functional(in_shape: Shape, o: Options) -> str:
        """By the functions that the modules themselves call, from a state of zeros."""
        zeros = f"x.new_zeros(1, len(x), {o['hidden_size']})"
        state = f"({zeros}, {zeros})" if name == "lstm" else zeros
        tensors = ["weight_ih_l0", "weight_hh_l0", *(["bias_ih_l0", "bias_hh_l0"] if o["bias"] else [])]
        called = f"rnn_{o['nonlinearity']}" if name == "rnn" else name
        # weights, whether there is a bias, layers, dropout, training, both directions, batch first
        settings = f"{o['bias']}, 1, 0.0, training, False, True"
        return f"torch.{called}(x, {state}, ({', '.join(tensors)}), {settings})[0]"

    return LayerKind(
        name, torch, about, "sequence", call, functional,
        (Field("hidden_size", 8, high=1024), *rest),
        takes="sequence", sees="all", part="[0]",
    )  # fmt: skip


SEQUENCES = (
    _recurrent(
        "rnn", "RNN", Sentence("Carries a state from step to step: it and the input make the next one."),
        Field("nonlinearity", "tanh", "choice", choices=("tanh", "relu")),
    ),
    _recurrent("gru", "GRU", Sentence("An RNN with gates that decide how much of the state is renewed.")),
    _recurrent(
        "lstm", "LSTM",
        Sentence("An RNN with a second state, the cell, and gates to forget, write and read it."),
    ),
    LayerKind(
        "embedding", "Embedding", Sentence("Looks up a row of its weight for each whole number."), "sequence",
        lambda in_shape, o: Call("Embedding", (o["num_embeddings"], o["embedding_dim"])),
        lambda in_shape, o: "F.embedding(x, weight)",
        (Field("num_embeddings", 10, high=65_536), Field("embedding_dim", 4, high=1024)),
        takes="tokens",
    ),
)  # fmt: skip
