"""The first convolution against torch's own and the sum written out; weights in the shape of the image."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nnlab.errors import LabError
from nnlab.lens import first_layer, first_layer_maps


@pytest.mark.parametrize(("padding", "stride"), [(0, 1), (1, 1), (2, 2)])
def test_maps_are_the_sum_that_the_docstring_gives(padding: int, stride: int) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 5, stride, padding), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2)
    ).eval()
    batch = torch.randn(1, 3, 12, 10)
    model(batch)
    found = first_layer(model, batch)
    assert torch.equal(found.maps, F.conv2d(batch, model[0].weight, model[0].bias, stride, padding)[0])
    k, y, x = 2, found.maps.shape[1] - 1, 1
    patch = found.seen[:, y * stride : y * stride + 5, x * stride : x * stride + 5]
    total = (patch.double() * found.filters[k].double()).sum() + found.bias[k].double()
    torch.testing.assert_close(found.maps[k, y, x].double(), total, rtol=1e-5, atol=1e-5)


def test_a_network_without_convolution_says_so() -> None:
    with pytest.raises(LabError, match="no convolution"):
        first_layer(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), torch.zeros(1, 1, 2, 2))


def test_linear_weights_are_templates_of_the_image() -> None:
    layer = nn.Linear(2 * 4 * 3, 5)
    image = torch.randn(2, 4, 3)
    maps = first_layer_maps(layer.weight, (2, 4, 3))
    assert maps.shape == (5, 2, 4, 3)
    torch.testing.assert_close((maps * image).sum((1, 2, 3)) + layer.bias, layer(image.flatten()))
    assert first_layer_maps(nn.Conv2d(3, 4, 5).weight, (3, 8, 8)).shape == (4, 3, 5, 5)


def test_a_weight_of_other_images_is_refused() -> None:
    with pytest.raises(LabError, match="1 x 28 x 28"):
        first_layer_maps(torch.zeros(10, 783), (1, 28, 28))
