"""The processes of a launch at work on one experiment; a process that works alone is the first.

All of them go through training and evaluation alike, each with its own share of a batch and its own
batches of the validation images. The first alone files what comes of it.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn

from models.together import processes

# That one process waits for another: the first judges alone, and a machine whose cache is empty
# renders or reads all images. One that has died is noticed by those who started it, within moments.
_PATIENCE = timedelta(hours=2)
_BACKENDS = {"cpu": "gloo", "cuda": "nccl"}

T = TypeVar("T")


@contextmanager
def meeting(name: str, device: str) -> Iterator[None]:
    """Have the processes of one job meet, and part again at its end.

    Their environment is that of torchrun. Where one fails it leaves without the others, who wait
    for it in vain until they are stopped.

    Args:
        name: of the meeting, another for each job; "" for a process that is alone, and meets none.
        device: that they train on, "cpu" or "cuda"; on the latter each takes the GPU of its own
            number on its machine.
    """
    if not name:
        yield
        return
    gpu = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if device == "cuda" else None
    if gpu is not None:
        torch.cuda.set_device(gpu)  # so that "cuda" is this one wherever a spec says so
    store, rank, size = next(dist.rendezvous("env://", timeout=_PATIENCE))
    dist.init_process_group(
        _BACKENDS[device],
        store=dist.PrefixStore(name, store),
        rank=rank,
        world_size=size,
        timeout=_PATIENCE,
        device_id=gpu,
    )
    yield
    dist.barrier()  # who leaves NCCL alone may have the others wait
    dist.destroy_process_group()


def lost_touch(error: BaseException) -> bool:
    """Return whether a process failed for no more than that another one had."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def rank() -> int:
    """Return which of the processes this one is, from 0."""
    return dist.get_rank() if processes() > 1 else 0


def is_first() -> bool:
    """Return whether this process is the one that files what comes of the work."""
    return rank() == 0


def own_share(batch_size: int) -> slice:
    """Return which images of a batch are this process's; the shares are equal."""
    size = batch_size // processes()
    return slice(rank() * size, (rank() + 1) * size)


def own_batches(images: int, batch_size: int) -> range:
    """Return where this process's batches of ``images`` start, every n-th of them.

    Each is one that a single process has, too, so what is computed for it is the same to the bit.
    """
    return range(0, images, batch_size)[rank() :: processes()]


def all_batches(mine: list[T]) -> list[T]:
    """Return what all processes made of their ``own_batches``, in the order of one process.

    All have to ask, and all are answered.

    Args:
        mine: one a batch: tensors on the CPU, numbers, and lists, tuples or dictionaries of them.
    """
    if processes() == 1:
        return mine
    # Pickle alone would write the whole of what a tensor is a view of, once for every view.
    packed = io.BytesIO()
    torch.save(mine, packed)
    parcels = [b""] * processes()
    dist.all_gather_object(parcels, packed.getvalue())
    made = [torch.load(io.BytesIO(one), weights_only=True) for one in parcels]
    batches: list[Any] = [None] * sum(map(len, made))
    for number, part in enumerate(made):
        batches[number :: processes()] = part
    return batches


def with_own_dice(batches: Iterator[T], seed: int, start: int) -> Iterator[T]:
    """Yield the batches of the steps from ``start`` on, each with the dice of its step thrown anew.

    They are for what a model draws at random in a step. Of several processes each has dice of its
    own, fixed by seed, step and rank alone; so a checkpoint of the first is one of them all.
    """
    for step, batch in enumerate(batches, start):
        if processes() > 1:
            digest = hashlib.sha256(f"{seed} {step} {rank()}".encode()).digest()
            torch.manual_seed(int.from_bytes(digest[:8], "big"))
        yield batch


def share_buffers(model: nn.Module) -> None:
    """Give all processes the first one's buffers, for one the statistics of its batch norms."""
    if processes() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)
