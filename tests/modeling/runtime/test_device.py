"""What models compute on."""

import os

import pytest

from modeling.runtime.device import cpu_threads, hardware


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("0", None), ("many", None), ("", None)])
def test_threads_are_those_of_openmp_or_all(
    monkeypatch: pytest.MonkeyPatch, given: str, threads: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert cpu_threads() == (threads or os.cpu_count())


def test_hardware_names_processes_device_and_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert hardware("bf16").startswith("1 x CPU with ")
    assert hardware("bf16").endswith(" thread(s), bf16")
