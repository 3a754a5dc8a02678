"""What models compute on."""

import os

from modeling.runtime.distributed import world_size


def has_fast_bf16() -> bool:
    """Whether the GPU (without one: the CPU) multiplies bf16 matrices faster than fp32 ones."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def cpu_threads() -> int:
    """Threads that may compute at the same time: `OMP_NUM_THREADS` (Ray sets it), else all cores."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdecimal() and int(given) else os.cpu_count() or 1


def hardware(precision: str) -> str:
    """For the training record: processes, device, and precision, such as `8 x NVIDIA A100, bf16`."""
    import torch

    if torch.cuda.is_available():
        return f"{world_size()} x {torch.cuda.get_device_name()}, {precision}"
    return f"{world_size()} x CPU with {torch.get_num_threads()} thread(s), {precision}"
