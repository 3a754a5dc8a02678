"""The model card of a checkpoint: metadata for the Hub, usage, results and training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset_builder.hub.ids import is_folder, split_revision
from modeling.checkpoints.play_results import PlayResults
from modeling.checkpoints.training_record import CURVE, TrainingResult

_TEMPLATE = Path(__file__).parent / "templates" / "model_card.md"
_READS = {
    "controller": "the state of an episode and names the sub-goal to pursue now",
    "executor": "the state of an episode with its current sub-goal and names the next action",
    "flat": "the state of an episode and names the next action, without sub-goals",
}
_OTHER = {"controller": "executor", "executor": "controller"}
_CRITERIA = {"loss": "lowest validation loss", "decisions": "highest decision accuracy on validation"}
_ALONE = {
    "controller": "Alone it does not act: an executor carries out its sub-goals.",
    "executor": "Alone it does not plan: a controller names its sub-goals.",
    "flat": "It has no explicit plan: its goals only show in its actions.",
}
_KINDS = {
    "seq2seq": "A sequence-to-sequence model",
    "causal": "A causal language model",
    "adapter": "A LoRA adapter of a causal language model",
}
_CLASSES = {
    "seq2seq": ("transformers", "AutoModelForSeq2SeqLM"),
    "causal": ("transformers", "AutoModelForCausalLM"),
    "adapter": ("peft", "AutoPeftModelForCausalLM"),
}
_PAIR_CODE = """\
from modeling import SubgoalAgent

agent = SubgoalAgent.from_pretrained("{controller}", "{executor}")"""
_FLAT_CODE = """\
from modeling import FlatAgent

agent = FlatAgent.from_pretrained("{flat}")"""


_EXAMPLE = "task: find a(n) plant | room: hallway"


def placeholder(role: str) -> str:
    """The placeholder id in a local card, which a push replaces."""
    return f"NAMESPACE/scienceworld-{role}"


def partner_of(role: str, repo_id: str) -> str | None:
    """The id of the other model of the pair, derived from the id of this one; None for a flat model."""
    other = _OTHER.get(role)
    if other is None:
        return None
    namespace, _, name = repo_id.partition("/")
    return f"{namespace}/{name.replace(role, other) if role in name else f'scienceworld-{other}'}"


def write_card(folder: Path, result: TrainingResult, played: Sequence[PlayResults] = ()) -> None:
    """Write `README.md`, with placeholder ids that a push replaces."""
    text = model_card(result, placeholder(result.role), played=played, curve=(folder / CURVE).is_file())
    (folder / "README.md").write_text(text, encoding="utf-8")


def model_card(
    result: TrainingResult,
    repo_id: str,
    *,
    partner: str | None = None,
    played: Sequence[PlayResults] = (),
    curve: bool = True,
) -> str:
    """The card as text.

    Args:
        result (`TrainingResult`): record of the training.
        repo_id (`str`): id for metadata and examples.
        partner (`str`, *optional*): other model of the pair; by default `partner_of(role, repo_id)`.
        played (`Sequence[PlayResults]`, *optional*): scores of runs, such as one for each protocol.
        curve (`bool`, *optional*, defaults to `True`): whether the folder has a plot of the loss curve.
    """
    from huggingface_hub import ModelCard

    from dataset_builder.common.citations import BIBTEX

    role, recipe, dataset = result.role, result.recipe, result.dataset
    kind = _kind(result)
    library, model_class = _CLASSES[kind]
    other = partner or partner_of(role, repo_id)
    ids = {role: repo_id} | ({_OTHER[role]: other} if other else {})
    match, example = result.metrics["exact_match"], result.example
    card = ModelCard.from_template(
        _metadata(result, repo_id, played),
        template_path=str(_TEMPLATE),
        title=f"ScienceWorld {role}",
        kind=_KINDS[kind],
        reads=_READS[role],
        library=library,
        model_class=model_class,
        causal=kind != "seq2seq",
        pair=f"Its counterpart is the {_OTHER[role]} `{other}`." if other else "It plays on its own.",
        repo=repo_id,
        example_input=repr(example.get("prompt") or example.get("input", _EXAMPLE)),
        example_answer=example.get("answer", "its answer"),
        agent=(_PAIR_CODE if other else _FLAT_CODE).format(**ids),
        command="subgoal eval run "
        + " ".join(f"--{name} {ids[name]}" for name in sorted(ids))
        + " --protocol paper --out RUN",
        results="\n\n".join(run.markdown() for run in played),
        loss=f"{result.metrics['validation_loss']:.4f}",
        match="not counted" if match is None else f"{match:.1%}",
        targets="sub-goals" if role == "controller" else "actions",
        by_task=_by_task(result),
        decisions=_decisions(result),
        role=role,
        version=dataset["state_text_version"],
        parameters=f"{result.parameters:,}",
        recipe=recipe["name"],
        base=_base(result),
        dataset=_dataset(dataset),
        train=f"{dataset['train']:,}",
        fingerprint=dataset["fingerprint"][:12],
        shortened=f"{result.shortened['train']:.1%}",
        source_length=recipe["source_length"],
        target_length=recipe["target_length"],
        steps=f"{result.steps:,}",
        batch=recipe["batch_size"] * recipe["accumulation"] * result.processes,
        epochs=result.epochs,
        minutes=f"{result.wall_seconds / 60:.1f}",
        hardware=result.hardware or "hardware not recorded",
        seed=recipe["seed"],
        criterion=_CRITERIA[recipe.get("metric_for_best_model", "loss")],
        best=f"{result.best_step:,}",
        weights=result.weights[:19],
        held_out=", ".join(f"`{task}`" for task in result.held_out_tasks),
        curve=CURVE if curve else "",
        alone=_ALONE[role],
        citation=BIBTEX,
    )
    return str(card)


def _metadata(result: TrainingResult, repo_id: str, played: Sequence[PlayResults]) -> Any:
    from huggingface_hub import ModelCardData

    base, dataset, kind = result.base, result.dataset, _kind(result)
    on_hub = base is not None and not is_folder(base["id"])
    form = {"seq2seq": "text2text-generation", "causal": None, "adapter": "lora"}[kind]
    return ModelCardData(
        language="en",
        license=result.recipe.get("license", "apache-2.0"),
        library_name=_CLASSES[kind][0],
        pipeline_tag="text-generation",
        base_model=base["id"] if base and on_hub else None,
        datasets=[split_revision(dataset["source"])[0]] if dataset["revision"] else None,
        tags=["scienceworld", "subgoal-distillation", result.role, *([form] if form else []), "agents"],
        model_name=repo_id.rpartition("/")[2] if played else None,
        eval_results=[entry for run in played for entry in run.eval_results()] or None,
    )


def _kind(result: TrainingResult) -> str:
    """`seq2seq`, `causal`, or `adapter` of a causal model."""
    if result.recipe.get("kind", "seq2seq") == "seq2seq":
        return "seq2seq"
    return "adapter" if result.recipe.get("lora") else "causal"


def _base(result: TrainingResult) -> str:
    if result.base is None:
        return ", from scratch"
    name, revision = result.base["id"], result.base["revision"]
    return f", from `{Path(name).name if is_folder(name) else name}` (`{revision[:19]}`)"


def _dataset(dataset: dict[str, Any]) -> str:
    if not dataset["revision"]:
        return "a local corpus"
    return f"`{split_revision(dataset['source'])[0]}` at commit `{dataset['revision'][:12]}`"


def _decisions(result: TrainingResult) -> str:
    if not result.decisions_by_task:
        return ""
    rows = ["| task | decision accuracy | undecided | decision steps |", "|---|---|---|---|"]
    for task, counted in result.decisions_by_task.items():
        rows.append(
            f"| {task} | {counted['share']:.0%} | {counted['undecided']:.0%} | {counted['examples']:.0f} |"
        )
    return "\n".join(rows)


def _by_task(result: TrainingResult) -> str:
    if not result.exact_match_by_task:
        return ""
    rows = ["| task | exact match | examples |", "|---|---|---|"]
    for task, match in result.exact_match_by_task.items():
        rows.append(f"| {task} | {match['share']:.0%} | {match['examples']:.0f} |")
    return "\n".join(rows)
