"""Which layers of isolation are applied, in which order, if the kernel refuses some of them."""

import sys
from collections.abc import Collection

import pytest

if sys.platform != "linux":
    pytest.skip("the layers are Linux's", allow_module_level=True)

from dataset_builder.tool_agents.sandbox.child import layers as module
from dataset_builder.tool_agents.sandbox.child.layers import Layers
from dataset_builder.tool_agents.sandbox.limits import ISOLATION_LAYERS

KERNEL_LAYERS = [layer for layer in ISOLATION_LAYERS if layer != "memory limit"]


class _Kernel:
    """Notes what would be done to this process, and refuses some of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refused: Collection[str], enterable: bool) -> None:
        self.steps: list[str] = []
        self._refused = refused
        monkeypatch.setattr(module, "Namespaces", lambda: self)
        monkeypatch.setattr(module, "enterable_by_all", lambda folders: enterable)
        monkeypatch.setattr(module.landlock, "restrict", lambda folders: self._step("Landlock"))
        monkeypatch.setattr(module, "Filter", lambda: self._step("seccomp"))
        monkeypatch.setattr(module.kernel, "prctl", lambda *arguments: self._step("no new privileges"))

    def enter(self) -> None:
        self._step("network namespace")

    def change_root(self, folder: str, readable: list[str]) -> None:
        self._step("mount namespace")

    def leave_root_user(self) -> None:
        self._step("unprivileged user")

    def unshare_processes(self) -> None:
        self._step("process namespace")

    def forked(self) -> None:
        self.steps.append("forked")

    def fork(self) -> None:
        self.steps.append("fork")

    def _step(self, name: str) -> None:
        if name in self._refused:
            raise OSError(f"{name} is not allowed")
        self.steps.append(name)


def _applied(
    monkeypatch: pytest.MonkeyPatch,
    refused: Collection[str] = (),
    enterable: bool = True,
    wanted: Collection[str] = KERNEL_LAYERS,
) -> tuple[Layers, list[str]]:
    kernel = _Kernel(monkeypatch, refused, enterable)
    layers = Layers(list(wanted))
    layers.apply("/tmp/empty", kernel.fork)
    return layers, kernel.steps


def test_all_layers_are_applied_in_the_order_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, steps = _applied(monkeypatch)
    assert layers.on == KERNEL_LAYERS
    assert steps == [
        "network namespace",
        "mount namespace",
        "unprivileged user",
        "process namespace",
        "fork",
        "forked",
        "no new privileges",
        "Landlock",
        "seccomp",
    ]
    assert layers.namespaces is not None


@pytest.mark.parametrize("refused", KERNEL_LAYERS[1:])
def test_the_others_are_applied_if_the_kernel_refuses_one(
    monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    layers, steps = _applied(monkeypatch, {refused})
    assert layers.on == [layer for layer in KERNEL_LAYERS if layer != refused]
    assert ("fork" in steps) == (layers.namespaces is not None) == (refused != "process namespace")


def test_without_namespaces_the_filters_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, steps = _applied(monkeypatch, {"network namespace"})
    assert layers.on == ["unprivileged user", "Landlock", "seccomp"]
    assert (layers.namespaces, "fork" in steps) == (None, False)


def test_root_stays_root_where_nobody_could_not_load_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, _ = _applied(monkeypatch, {"mount namespace"}, enterable=False)
    assert "unprivileged user" not in layers.on
    # A new root directory holds the folders of Python, whatever the modes of those above them.
    layers, _ = _applied(monkeypatch, enterable=False)
    assert "unprivileged user" in layers.on


def test_only_wanted_layers_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, steps = _applied(monkeypatch, wanted=["seccomp"])
    assert (layers.on, steps) == (["seccomp"], ["no new privileges", "seccomp"])
