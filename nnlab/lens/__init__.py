"""Looking inside a network: what its layers hold and what they make of an image.

from nnlab.lens import conv_terms

terms = conv_terms(conv, x, channel=0, row=3, col=5)       # x: (1, C, H, W)
terms.patch * terms.kernel == terms.products               # added up: terms.output, as PyTorch computed it
"""

from nnlab.lens.curves import Curve, activation_curve
from nnlab.lens.dense import check_size, dense_weights
from nnlab.lens.depth import Depth, Signal, deep_chain, through_depth
from nnlab.lens.first import FirstLayer, first_layer, first_layer_maps
from nnlab.lens.gates import GATES, Dot, GateTerms, UnitTerms, unit_terms
from nnlab.lens.joins import JoinTerms, join_terms
from nnlab.lens.kernels import KERNELS, Kernel, kernel
from nnlab.lens.logits import LOGIT_PATHS, LogitPath, LogitTerms, logit_terms, loss_curve
from nnlab.lens.losses import LOSS_KINDS, LossTerms, SoftmaxTerms, Stage, loss_terms, softmax_terms
from nnlab.lens.maps import feature_maps, filters
from nnlab.lens.norms import NormTerms, norm_terms
from nnlab.lens.parameters import Parameter, parameters_of
from nnlab.lens.patterns import PATTERNS, Pattern, pattern
from nnlab.lens.receptive import Box, Reach, reach, receptive_field
from nnlab.lens.recurrent import Step, unrolled
from nnlab.lens.spread import Spread
from nnlab.lens.terms import (
    ConvTerms,
    Fed,
    LinearTerms,
    PoolTerms,
    conv_terms,
    fed_by,
    linear_terms,
    pool_terms,
)

__all__ = [
    "GATES",
    "KERNELS",
    "LOGIT_PATHS",
    "LOSS_KINDS",
    "PATTERNS",
    "Box",
    "ConvTerms",
    "Curve",
    "Depth",
    "Dot",
    "Fed",
    "FirstLayer",
    "GateTerms",
    "JoinTerms",
    "Kernel",
    "LinearTerms",
    "LogitPath",
    "LogitTerms",
    "LossTerms",
    "NormTerms",
    "Parameter",
    "Pattern",
    "PoolTerms",
    "Reach",
    "Signal",
    "SoftmaxTerms",
    "Spread",
    "Stage",
    "Step",
    "UnitTerms",
    "activation_curve",
    "check_size",
    "conv_terms",
    "deep_chain",
    "dense_weights",
    "feature_maps",
    "fed_by",
    "filters",
    "first_layer",
    "first_layer_maps",
    "join_terms",
    "kernel",
    "linear_terms",
    "logit_terms",
    "loss_curve",
    "loss_terms",
    "norm_terms",
    "parameters_of",
    "pattern",
    "pool_terms",
    "reach",
    "receptive_field",
    "softmax_terms",
    "through_depth",
    "unit_terms",
    "unrolled",
]
