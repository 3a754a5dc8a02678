"""Several processes train one model together, on the CPU over gloo."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modeling.recipes.recipe import Recipe, show_recipe
from modeling.runtime.distributed import first_then_others, from_first, is_first, on_first, world_size

ROOT = Path(__file__).parents[3]

# Each process has a clock of its own: the first one's runs, the other's stands still.
SCRIPT = """
import itertools, json, os, sys
from rich.console import Console
import modeling.training.clock
import modeling.training.trainer
from modeling.runtime.distributed import leave
from modeling.training.train import train

recipe, dataset, out, log = sys.argv[1:]
rank, ticks = os.environ["RANK"], itertools.count()
modeling.training.clock.time.monotonic = lambda: float(next(ticks)) if rank == "0" else 0.0
seen = []
step = modeling.training.trainer._StopRules.on_optimizer_step

def count(self, args, state, control, **kwargs):
    step(self, args, state, control, **kwargs)
    seen.append(kwargs["lr_scheduler"].get_last_lr()[0])

modeling.training.trainer._StopRules.on_optimizer_step = count
result = train("executor", recipe, dataset, out, max_minutes=0.3, console=Console(width=300))
try:
    train("executor", recipe, "./nowhere", out)
    refused = None
except BaseException as error:
    refused = repr(error)
with open(f"{log}-{rank}", "w") as file:
    json.dump({"rates": seen, "steps": result.steps, "weights": result.weights, "refused": refused}, file)
leave()
"""


@pytest.mark.slow
def test_two_processes_stop_at_the_same_step_and_one_reports(
    dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    values, out, log = tmp_path / "recipe.yaml", tmp_path / "out", tmp_path / "log"
    values.write_text(show_recipe(recipe.with_values(threads=1, batch_size=4, evaluate_every=4)))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    done = subprocess.run(
        [sys.executable, *launcher, "--nproc-per-node", "2", str(script)]
        + [str(path) for path in (values, dataset, out, log)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(Path(f"{log}-{rank}").read_text()) for rank in (0, 1))

    assert 1 < first["steps"] < recipe.max_steps
    assert first["rates"] == second["rates"]
    assert len(first["rates"]) == first["steps"] == second["steps"]
    assert first["weights"] == second["weights"]
    assert done.stdout.count("executor: validation loss") == 1
    record = json.loads((out / "training.json").read_text())
    assert record["processes"] == 2
    assert f"{record['steps']} steps of 8 examples" in (out / "README.md").read_text()
    assert not (out / "checkpoints").exists()
    assert "There is no dataset folder ./nowhere" in first["refused"]
    assert second["refused"] == "SystemExit(1)"


def test_alone_everything_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")  # a cluster's, not a launcher's
    assert (world_size(), is_first()) == (1, True)
    assert (from_first(1), on_first(lambda: 2), first_then_others(lambda: 3)) == (1, 2, 3)
