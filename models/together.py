"""Several processes that train one model together, each on its share of a batch (DDP)."""

import torch.distributed as dist
from torch import Tensor


def processes() -> int:
    """Return how many there are; 1 where this one trains alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def sum_over_processes(value: Tensor) -> Tensor:
    """Return the sum of ``value`` over all processes, which all have to ask; without gradients."""
    if processes() == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total


def normaliser(count: Tensor) -> Tensor:
    """Return what a loss divides its sum by, to be a mean over what is counted in the whole batch.

    Alone that is the count itself, at least 1. Of several processes each sums over its own share,
    and the mean of their gradients is taken: so it is the mean of their counts, which makes that
    the gradient of one process with all of the batch, however unevenly the shares are annotated.

    Args:
        count: of what this process sums over, a scalar.
    """
    if processes() == 1:
        return count.clamp_min(1)
    return sum_over_processes(count.float()).clamp_min(1) / processes()
