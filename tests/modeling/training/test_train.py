"""Training for real, small: it learns, it survives a kill, it says what is wrong."""

import json
import time
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, BartConfig, BartForConditionalGeneration

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.folder_lock import LOCK_FILES
from modeling.checkpoints.load import load_checkpoint
from modeling.checkpoints.training_record import read_record
from modeling.data.examples import load_role
from modeling.data.tokenizer import save_tokenizer, train_tokenizer
from modeling.recipes.recipe import Recipe, show_recipe
from modeling.training.train import train
from modeling.training.trainer import TrainingDiverged, last_checkpoint
from tests.warm import WarmProcess

STEPS = 60  # of the recipe fixture


def _record(folder: Path) -> dict[str, object]:
    return json.loads((folder / "training.json").read_text())


def test_training_lowers_the_loss(
    checkpoints: dict[str, Path], dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    start = train("executor", recipe, dataset, tmp_path / "start", max_steps=1).metrics["validation_loss"]
    end = _record(checkpoints["executor"])["metrics"]["validation_loss"]  # type: ignore[index]
    assert start is not None
    assert end < start - 1


@pytest.mark.parametrize("role", ["controller", "executor", "flat"])
def test_plain_transformers_loads_the_output(checkpoints: dict[str, Path], role: str) -> None:
    folder = checkpoints[role]
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (model.config.subgoal_role, model.config.state_text_version) == (role, "compact-2")
    assert tokenizer.model_max_length == 512
    assert model.generation_config.max_new_tokens == 48
    assert model.generation_config.max_length is None
    batch = tokenizer(["task: find a plant | room: kitchen | goal: "], return_tensors="pt")
    output = model.generate(**batch)
    assert tokenizer.batch_decode(output, skip_special_tokens=True)[0].isascii()
    card = (folder / "README.md").read_text()
    for part in ("library_name: transformers", "license: apache-2.0", f"- {role}", "# "):
        assert part in card
    assert str(folder.parent) not in card
    assert {path.name for path in folder.iterdir()} - {".lock"} == {
        "README.md",
        "config.json",
        "curve.png",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "training.json",
    }


def test_the_training_record_describes_the_training(
    checkpoints: dict[str, Path], dataset: Path, recipe: Recipe
) -> None:
    record = _record(checkpoints["flat"])
    assert record["role"] == "flat"
    assert record["steps"] == STEPS
    assert record["recipe"] == recipe.for_role("flat").model_dump(mode="json")
    assert record["dataset"]["source"] == dataset.name  # type: ignore[index]
    assert len(record["dataset"]["fingerprint"]) == 64  # type: ignore[index]
    assert 0 <= record["metrics"]["exact_match"] <= 1  # type: ignore[index]
    assert record["shortened"] == {"train": 0.0, "validation": 0.0}


def test_a_finished_training_is_not_redone(
    checkpoints: dict[str, Path], dataset: Path, recipe: Recipe
) -> None:
    folder, said = checkpoints["flat"], StringIO()
    # Older versions of filelock write to a lock file, newer ones only open it.
    files = [path for path in folder.iterdir() if path.name not in LOCK_FILES]
    before = {path: path.stat().st_mtime_ns for path in files}
    again = train("flat", recipe, dataset, folder, console=Console(file=said))
    assert again.steps == STEPS
    assert "already finished" in said.getvalue()
    assert {path: path.stat().st_mtime_ns for path in files} == before
    assert {path for path in folder.iterdir() if path.name not in LOCK_FILES} == set(files)


def test_a_folder_of_another_training_is_refused(
    checkpoints: dict[str, Path], dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="differs in role, dataset: choose another --out"):
        train("controller", recipe, dataset, checkpoints["flat"])
    with pytest.raises(UsageError, match="differs in max_steps, seed: choose another --out"):
        train("flat", recipe, dataset, checkpoints["flat"], seed=3, max_steps=7)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        train("flat", recipe, dataset, tmp_path)
    with pytest.raises(UsageError, match="Cannot write to the folder"):
        train("flat", recipe, dataset, tmp_path / "notes.txt" / "out")
    with pytest.raises(UsageError, match="Cannot write to the folder"):
        train("flat", recipe, dataset, tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"


SCRIPT = """
import sys
from modeling.training.train import train
train("executor", sys.argv[1], sys.argv[2], sys.argv[3])
"""


def test_a_killed_training_resumes_with_the_same_result(
    checkpoints: dict[str, Path], dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    values = tmp_path / "recipe.yaml"
    values.write_text(show_recipe(recipe))
    out = tmp_path / "out"
    with WarmProcess("-c", SCRIPT, values, dataset, out) as process:
        try:
            while last_checkpoint(out / "checkpoints") is None:
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.01)
        finally:
            process.kill()
    assert not (out / "training.json").exists()
    assert (out / "plan.json").exists()
    reached = last_checkpoint(out / "checkpoints")
    assert reached is not None
    # What a kill in the middle of writing leaves behind.
    broken = out / "checkpoints" / "checkpoint-55"
    broken.mkdir()
    (broken / "model.safetensors").write_bytes(b"half")

    said = StringIO()
    result = train("executor", values, dataset, out, console=Console(file=said, width=200))
    assert f"resuming from {reached.name}" in said.getvalue()
    assert result.steps == STEPS
    straight = _record(checkpoints["executor"])["metrics"]["validation_loss"]  # type: ignore[index]
    assert result.metrics["validation_loss"] == pytest.approx(straight, abs=1e-3)
    assert not (out / "checkpoints").exists()


def test_a_diverging_training_stops_and_keeps_its_last_good_checkpoint(
    dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    steep = recipe.with_values(learning_rate=1e30, evaluate_every=2, max_steps=40, warmup=0.5)
    with pytest.raises(
        TrainingDiverged, match=r"became (nan|inf) at step \d+: .*Lower learning_rate"
    ) as caught:
        train("flat", steep, dataset, out)
    assert "\n" not in str(caught.value)
    last = last_checkpoint(out / "checkpoints")
    if last is not None:
        weights = AutoModelForSeq2SeqLM.from_pretrained(last).state_dict()
        assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    assert not (out / "training.json").exists()


def test_a_checkpoint_is_a_base_for_more(
    checkpoints: dict[str, Path], dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    base = checkpoints["executor"]
    result = train("executor", recipe, dataset, tmp_path / "more", base=str(base), max_steps=1)
    assert result.base is not None
    assert (result.base["id"], result.base["revision"][:7]) == (base.name, "sha256:")
    assert str(base.parent) not in (tmp_path / "more" / "training.json").read_text()
    assert train("executor", recipe, dataset, tmp_path / "more", base=str(base), max_steps=1) == result
    before = _record(base)["metrics"]["validation_loss"]  # type: ignore[index]
    assert result.metrics["validation_loss"] == pytest.approx(before, abs=0.3)


def test_a_missing_base_is_named(dataset: Path, recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint folder"):
        train("flat", recipe, dataset, tmp_path / "out", base=str(tmp_path / "nowhere"))


def test_a_deadline_ends_the_training_and_the_rate_falls_in_time(
    dataset: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(100_000))
    # A clock of our own: each look at it takes a second, on machines of any speed.
    monkeypatch.setattr("modeling.training.clock.time.monotonic", lambda: float(next(clock)))
    result = train("flat", recipe, dataset, tmp_path / "out", max_minutes=1.0)
    assert 1 < result.steps < STEPS
    assert result.wall_seconds >= 60


def test_training_stops_when_validation_no_longer_improves(
    dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    hasty = recipe.with_values(learning_rate=0.5, warmup=0.0, patience=1, evaluate_every=2, max_steps=200)
    result = train("flat", hasty, dataset, tmp_path / "out")
    losses = result.curve["validation_loss"]["value"]
    assert result.steps == 2 * len(losses) < 200
    assert losses[-1] >= losses[-2] == min(losses)
    assert result.best_step == result.steps - 2


def test_losses_are_followed_in_tensorboard(dataset: Path, recipe: Recipe, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    small = recipe.with_values(max_steps=2, evaluate_every=1, exact_match_examples=0)
    result = train("flat", small, dataset, tmp_path / "out", report_to="tensorboard")
    events = EventAccumulator(str(tmp_path / "out" / "runs")).Reload()
    followed = [event.value for event in events.Scalars("eval/loss")]
    assert followed == pytest.approx(result.curve["validation_loss"]["value"], abs=1e-4)


def test_any_seq2seq_checkpoint_is_a_base_as_far_as_it_reads(
    dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    base = tmp_path / "bart"
    tokenizer = train_tokenizer(load_role("flat", str(dataset)).train["input"], vocab_size=2048)
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=256,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        forced_eos_token_id=None,
    )
    BartForConditionalGeneration(config).save_pretrained(base)
    save_tokenizer(tokenizer, base)
    once = recipe.with_values(max_steps=1, exact_match_examples=2)
    with pytest.raises(UsageError, match=r"source_length is 512, but .*bart takes 256 tokens at most"):
        train("flat", once, dataset, tmp_path / "long", base=str(base))
    result = train("flat", once.with_values(source_length=256), dataset, tmp_path / "out", base=str(base))
    assert AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out").config.subgoal_role == "flat"
    assert result.shortened["train"] >= 0


def test_without_a_network_a_local_base_is_the_remedy(dataset: Path, recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(SubgoalError, match="check the network, or name a local folder") as caught:
        train("flat", recipe, dataset, tmp_path / "out", base="google/flan-t5-small")
    assert "\n" not in str(caught.value)


HELD_OUT = ("find-plant", "lifespan-longest-lived")


def test_a_training_records_what_it_held_out(
    dataset: Path, recipe: Recipe, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    short = recipe.with_values(max_steps=2, exact_match_examples=1000, exclude_tasks=HELD_OUT)
    result = train("flat", short, dataset, tmp_path / "flat")
    data = load_role("flat", str(dataset))
    assert tuple(result.held_out_tasks) == HELD_OUT
    assert read_record(tmp_path / "flat") == result
    assert set(result.exact_match_by_task) == set(data.validation["task"])  # the held-out ones too
    assert tuple(json.loads((tmp_path / "flat" / "config.json").read_text())["held_out_tasks"]) == HELD_OUT
    checkpoint = load_checkpoint(str(tmp_path / "flat"))
    assert tuple(checkpoint.describe()["held_out_tasks"]) == HELD_OUT
    assert "held_out_tasks" not in load_checkpoint(str(checkpoints["flat"])).describe()

    fewer = short.with_values(exclude_tasks=HELD_OUT[:1])
    further = train("flat", fewer, dataset, tmp_path / "further", base=str(tmp_path / "flat"))
    assert tuple(further.held_out_tasks) == HELD_OUT[:1]
    message = "exclude_tasks holds out lifespan-longest-lived, but .*further was trained on it"
    with pytest.raises(UsageError, match=message):
        train("flat", short, dataset, tmp_path / "again", base=str(tmp_path / "further"))
