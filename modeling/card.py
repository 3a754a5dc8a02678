"""The model card of a trained checkpoint."""

from pathlib import Path
from typing import Any

import yaml

_READS = {
    "controller": "the state of an episode and names the current sub-goal",
    "executor": "the state of an episode with its current sub-goal and names the next action",
    "flat": "the state of an episode and names the next action, without sub-goals",
}
_TEMPLATE = """\
# {role} for ScienceWorld

A seq2seq model that reads {reads}.

| | |
|---|---|
| role | `{role}` |
| state text | `{version}` |
| parameters | {parameters:,} |
| recipe | `{recipe}`{base} |
| dataset | {dataset}; {train:,} training examples, fingerprint `{fingerprint}` |
| training | {steps:,} steps, {epochs} epochs, {seconds:.0f} s, seed {seed} |
| validation loss | {loss:.4f} (the checkpoint with the lowest was kept, step {best}) |
| exact match | {match} |

```python
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
```

{use}

`training.json` holds the recipe with every value, and the versions used.
"""
_USE = {
    "flat": "With `FlatAgent.from_pretrained(FOLDER)` of `modeling` it plays.",
    "controller": "With `SubgoalAgent.from_pretrained(CONTROLLER, EXECUTOR)` of `modeling` it plays.",
    "executor": "With `SubgoalAgent.from_pretrained(CONTROLLER, EXECUTOR)` of `modeling` it plays.",
}


def write_card(folder: Path, record: dict[str, Any]) -> None:
    """Write `README.md` from a training's record (the fields of `TrainingResult`)."""
    base, dataset, metrics = record["base"], record["dataset"], record["metrics"]
    head = {
        "library_name": "transformers",
        "license": "apache-2.0",
        "tags": ["scienceworld", "subgoal-distillation", record["role"], "text2text-generation"],
    }
    if base and not Path(base["id"]).exists():
        head["base_model"] = base["id"]
    if dataset["revision"]:
        head["datasets"] = [dataset["source"].partition("@")[0]]
    body = _TEMPLATE.format(
        role=record["role"],
        reads=_READS[record["role"]],
        version=dataset["state_text_version"],
        parameters=record["parameters"],
        recipe=record["recipe"]["name"],
        base=f", from `{Path(base['id']).name if Path(base['id']).exists() else base['id']}`" if base else "",
        dataset=f"`{dataset['source']}` ({dataset['revision'][:12]})"
        if dataset["revision"]
        else "a local corpus",
        train=dataset["train"],
        fingerprint=dataset["fingerprint"][:12],
        steps=record["steps"],
        epochs=record["epochs"],
        seconds=record["wall_seconds"],
        seed=record["recipe"]["seed"],
        loss=metrics["validation_loss"],
        best=record["best_step"],
        match="not counted"
        if metrics["exact_match"] is None
        else f"{metrics['exact_match']:.1%} of validation targets",
        use=_USE[record["role"]],
    )
    front = yaml.safe_dump(head, sort_keys=False)
    (folder / "README.md").write_text(f"---\n{front}---\n\n{body}", encoding="utf-8")
