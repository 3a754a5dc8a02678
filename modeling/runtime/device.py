"""What models compute on."""

import os
from typing import TYPE_CHECKING

from modeling.runtime.distributed import world_size

if TYPE_CHECKING:
    pass


def has_fast_bf16() -> bool:
    """Whether the GPU, else the processor, multiplies 16-bit matrices faster than 32-bit ones."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def cpu_threads() -> int:
    """Threads that may compute at once on CPUs: `OMP_NUM_THREADS` (a Ray worker's share), else all cores."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdecimal() and int(given) else os.cpu_count() or 1


def hardware(precision: str) -> str:
    """For the record: processes, device, and the precision that was trained in."""
    import torch

    if torch.cuda.is_available():
        return f"{world_size()} x {torch.cuda.get_device_name()}, {precision}"
    return f"{world_size()} x CPU with {torch.get_num_threads()} thread(s), {precision}"
