"""Networks as their training begins: what their norms hold, and that the network is left alone."""

import torch
from torch import nn

from bench.before_training import with_settled_norms
from bench.receptive_fields.gradients import noise_images
from models.networks.pose_network import PoseNetwork


def test_settled_norms_hold_the_statistics_of_the_images():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(4, 4, 3),
        nn.BatchNorm2d(4),
    )  # fmt: skip
    images = noise_images(16, 12, seed=0)
    settled = with_settled_norms(network, images)
    assert not settled.training
    for end in (2, 6):
        with torch.no_grad():
            normalised = settled[:end](images)
        # Training divides by the biased variance, evaluation by the unbiased one.
        mean, variance = normalised.mean(dim=(0, 2, 3)), normalised.var(dim=(0, 2, 3))
        torch.testing.assert_close(mean, torch.zeros(4), atol=2e-3, rtol=0)
        torch.testing.assert_close(variance, torch.ones(4), atol=5e-3, rtol=0)


def test_the_network_and_the_images_are_left_as_they_were():
    network = PoseNetwork(3, "residual", 1, 8, 1)
    network.heads.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = noise_images(3, 16, seed=0)
    kept = images.clone()
    with_settled_norms(network, images)
    assert network.training
    assert network.trunks.training
    assert not network.heads.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(images, kept)
