"""Recipes: everything a training run needs, in one YAML file with one schema."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from dataset_builder.common.config_files import config_file, first_fault, read_mapping, unknown_key
from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS, get_task
from dataset_builder.trajectories.model_input import ROLES, check_version

RECIPES = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Architecture(_Strict):
    """Sizes of a T5 from scratch. Ignored if the recipe fine-tunes a checkpoint.

    Example:

    ```python
    >>> load_recipe("scratch-tiny", "executor").architecture.d_model
    128
    ```
    """

    d_model: int = Field(default=128, ge=8)
    """Width of the model."""
    d_ff: int = Field(default=256, ge=8)
    """Width of the feed-forward layers."""
    heads: int = Field(default=4, ge=1)
    """Attention heads; each is d_model / heads wide."""
    encoder_layers: int = Field(default=2, ge=1)
    """Layers of the encoder."""
    decoder_layers: int = Field(default=2, ge=1)
    """Layers of the decoder."""
    feed_forward: Literal["relu", "gated-gelu"] = "relu"
    """Feed-forward layer: relu as in T5, gated-gelu as in T5 1.1."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Dropout rate."""
    initialisation: Literal["copying", "plain"] = "copying"
    """Initial weights: copying can copy words of the input from the start, plain is T5's initialisation."""


class TokenizerRecipe(_Strict):
    """The tokenizer that is trained on the corpus. Ignored if the recipe fine-tunes a checkpoint.

    Example:

    ```python
    >>> load_recipe("scratch-tiny", "executor").tokenizer.vocab_size
    2048
    ```
    """

    vocab_size: int = Field(default=2048, ge=300)
    """Maximum number of tokens (256 bytes included)."""
    min_frequency: int = Field(default=2, ge=1)
    """How often a pair of tokens must occur to be merged."""


class LoraRecipe(_Strict):
    """LoRA by peft: low-rank matrices are trained instead of all weights.

    The result of a causal model is an adapter folder; for a T5 they are merged into its weights.

    Example:

    ```python
    >>> load_recipe("qwen3-0.6b-lora", "flat").lora.rank
    64
    ```
    """

    rank: int = Field(default=64, ge=1)
    """Rank of the matrices."""
    alpha: int = Field(default=128, ge=1)
    """Scale: the product of the matrices is multiplied by alpha / rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Dropout rate of their inputs."""
    layers: Literal["all", "attention"] = "all"
    """Layers with LoRA: all linear ones, or query and value of the attention."""


class Recipe(_Strict):
    """All settings of a training. `roles` holds values that differ between the three roles.

    Example:

    ```python
    recipe = load_recipe("scratch-small", "executor").with_values(max_minutes=30)
    print(show_recipe(recipe))
    ```
    """

    name: str
    """Name of the recipe."""
    about: str = ""
    """One-line description."""
    license: str = "apache-2.0"
    """Licence in the model card, as an id of the Hub: that of the base, if its licence demands it."""
    purpose: Literal["sub-goals", "tools"] = "sub-goals"
    """What is trained: a role (`subgoal train`), or an agent with tools (`subgoal tools train`)."""
    kind: Literal["seq2seq", "causal"] = "seq2seq"
    """Kind of model: seq2seq (T5), or causal (a decoder such as Llama or Qwen, which needs a base)."""
    base: str | None = None
    """Checkpoint to fine-tune: folder or Hub id (id@revision pins it). None: from scratch."""
    architecture: Architecture = Architecture()
    """Sizes of a model from scratch."""
    tokenizer: TokenizerRecipe = TokenizerRecipe()
    """Tokenizer of a model from scratch."""
    lora: LoraRecipe | None = None
    """Train low-rank matrices instead of all weights: keys rank, alpha, dropout, layers. Needs a base."""
    prompt: str = "state"
    """Prompt template of a causal model: a name in modeling/prompts/templates, or a jinja file."""
    packing: bool = False
    """Join short examples to sequences without padding. For causal models."""
    frozen_layers: int = Field(default=0, ge=0)
    """Lower layers of a causal model without training or LoRA, nor its embeddings. 0: all are trained."""
    cache_gb: float = Field(default=4.0, ge=0)
    """Disk space in GB for the outputs of frozen layers; others are computed again. 0: no cache."""
    state_text: str | None = None
    """Required state-text version of the dataset, such as compact or paper. None: any."""
    source_length: int = Field(default=512, ge=32)
    """Longest input in tokens. Longer inputs lose their oldest history first."""
    target_length: int = Field(default=48, ge=4)
    """Longest target in tokens. Examples with longer targets are excluded from training."""
    exclude_tasks: tuple[str, ...] = ()
    """Held-out tasks: their rows are used neither for training nor for selecting the checkpoint."""
    only_tasks: tuple[str, ...] = ()
    """Tasks to train and validate on; all others are held out. Empty: all tasks."""
    practice: bool = False
    """Also train on the dataset's practice split: expert paths replayed in rearranged worlds."""
    unsimplified: bool = False
    """Also train and validate on the dataset's paths without simplifications (doors, walks, watering)."""
    balance: float = Field(default=0.0, ge=0, le=1)
    """Oversampling of rare tasks: 0 keeps the shares of the tasks, 1 makes them about equal."""
    task_weights: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Task → how much more often its examples are seen, in whole repetitions; the default weight is 1."""
    rename: float = Field(default=0.0, ge=0, lt=1)
    """Mean share of names that are replaced in an example. Each draws its share, 0 to twice this."""
    vary: float = Field(default=0.0, ge=0, le=1)
    """Chance that an example lists its things in another order and has other readings that compare alike."""
    counterfactual: float = Field(default=0.0, ge=0, le=1)
    """Probability of counterfactual evidence or another substance in an example. Needs a notebook."""
    evidence_only: float = Field(default=0.0, ge=0, le=1)
    """Probability that the input of a decision step is only task, sub-goal and notebook. Needs a notebook."""
    decision_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of decision steps among the examples, equal for each task with decisions. 0: as in the data."""
    decision_weights: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Task → weight of its part in decision_share; the default weight is 1."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Maximum learning rate."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """Learning-rate decay after the warm-up."""
    warmup: float = Field(default=0.03, ge=0, lt=1)
    """Share of the training in which the learning rate rises to its maximum."""
    epochs: float = Field(default=10, gt=0)
    """Passes over the training split."""
    max_steps: int | None = Field(default=None, ge=1)
    """Number of optimizer steps; overrides `epochs`."""
    max_minutes: float | None = Field(default=None, gt=0)
    """Time limit in minutes, in addition to `epochs`. The learning rate decays in time for it."""
    batch_size: int = Field(default=32, ge=1)
    """Examples per device and step."""
    accumulation: int = Field(default=1, ge=1)
    """Gradient accumulation: batches per optimizer step."""
    optimizer: Literal["adamw", "adafactor", "muon"] = "adamw"
    """Optimizer. muon is for training from scratch: Muon for matrices, AdamW for all other weights."""
    adam_beta2: float = Field(default=0.999, gt=0, lt=1)
    """Second decay rate of AdamW."""
    adam_epsilon: float = Field(default=1e-8, gt=0)
    """Epsilon of AdamW."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Weight decay."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients are clipped to this norm."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Label smoothing."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Number format of training: auto is bf16 if the GPU or CPU supports it, else fp32."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, more time."""
    evaluate_every: int = Field(default=100, ge=1)
    """Steps between evaluations, each with a checkpoint. The best checkpoint is kept."""
    metric_for_best_model: Literal["loss", "decisions"] = "loss"
    """Metric that selects the checkpoint: validation loss, or decision accuracy on validation."""
    patience: int | None = Field(default=None, ge=1)
    """Early stopping: evaluations without a better validation loss. None: no early stopping."""
    evaluate_examples: int = Field(default=1000, ge=1)
    """Validation examples per evaluation (a fixed random sample)."""
    exact_match_examples: int = Field(default=200, ge=0)
    """Validation examples decoded after training to measure exact match, by task."""
    report_to: Literal["none", "tensorboard", "trackio"] = "none"
    """Experiment tracker for the losses; tensorboard and trackio have to be installed."""
    threads: int | None = Field(default=None, ge=1)
    """Number of CPU threads. None: torch decides."""
    seed: int = Field(default=0, ge=0)
    """Seed of initial weights, order of examples, augmentation and dropout."""
    roles: dict[Literal["controller", "executor", "flat"], dict[str, Any]] = {}
    """Role → values that override those above."""

    @field_validator("exclude_tasks", "only_tasks")
    @classmethod
    def _known_tasks(cls, tasks: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        names = set(_task_names(str(info.field_name), tasks))
        return tuple(task for task in TASKS if task in names)

    @field_validator("task_weights", "decision_weights")
    @classmethod
    def _known_weights(cls, weights: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        return dict(zip(_task_names(str(info.field_name), weights), weights.values(), strict=True))

    def with_values(self, **values: Any) -> "Recipe":
        """A copy with other values. Values of None are ignored.

        Raises:
            UsageError: for an unknown key or a value out of bounds.
        """
        given = {name: value for name, value in values.items() if value is not None}
        return parse_recipe(self.model_dump() | given, f"recipe {self.name}")

    def for_role(self, role: str) -> "Recipe":
        """The recipe of one role, with the overrides of that role applied and `roles` empty.

        Raises:
            UsageError: for an unknown role.
        """
        if role not in ROLES:
            raise UsageError(f"Unknown role {role!r}: use one of {', '.join(ROLES)}.")
        overrides = self.roles.get(role, {})  # type: ignore[call-overload]
        return parse_recipe(_merged(self.model_dump(), overrides) | {"roles": {}}, f"recipe {self.name}")


def _task_names(key: str, tasks: Iterable[str]) -> list[str]:
    """Names of tasks that are given by name or id. An error names the key of the recipe."""
    try:
        return [get_task(task).name for task in tasks]
    except UsageError as error:
        raise UsageError(f"{key}: {error}") from None


def _merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Values with changes applied. Nested mappings such as `architecture` are merged key by key."""
    merged = dict(values)
    for name, change in changes.items():
        both = isinstance(change, dict) and isinstance(merged.get(name), dict)
        merged[name] = merged[name] | change if both else change
    return merged


def parse_recipe(values: Mapping[str, Any], source: str) -> Recipe:
    """Validate values against the schema.

    Args:
        values (`Mapping[str, Any]`): key → value.
        source (`str`): name of the recipe in error messages.

    Raises:
        UsageError: for an unknown key (the message suggests the nearest), a missing or a bad value.
    """
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise UsageError(f"{source}: {_explain(error)}") from None
    except UsageError as error:  # an unknown task
        raise UsageError(f"{source}: {error}") from None
    for role, overrides in recipe.roles.items():
        unknown = next(
            (key for key in overrides if key in ("roles", "name") or key not in Recipe.model_fields), None
        )
        if unknown is not None:
            raise UsageError(f"{source}: {unknown_key(f'roles.{role}.{unknown}', Recipe)}")
        # Bad values of a role are reported even if another role is trained.
        parse_recipe(_merged(recipe.model_dump(), overrides) | {"roles": {}}, f"{source}, roles.{role}")
    if recipe.state_text is not None:
        check_version(recipe.state_text)
    if conflict := _conflict(recipe):
        raise UsageError(f"{source}: {conflict}")
    if recipe.base is None and recipe.architecture.d_model % recipe.architecture.heads:
        raise UsageError(f"{source}: architecture.d_model must be a multiple of architecture.heads.")
    return recipe


_SEQ2SEQ_ONLY = (
    "architecture", "tokenizer", "rename", "vary", "counterfactual", "evidence_only", "label_smoothing",
)  # fmt: skip
_CAUSAL_ONLY = ("prompt", "packing", "frozen_layers", "cache_gb")


def _conflict(recipe: Recipe) -> str | None:
    """Two settings that exclude each other, in one line; None if there are none."""
    if recipe.only_tasks and recipe.exclude_tasks:
        return "only_tasks and exclude_tasks exclude each other: remove one."
    only, kind = (_SEQ2SEQ_ONLY, "seq2seq") if recipe.kind == "causal" else (_CAUSAL_ONLY, "causal")
    for key in only:
        if getattr(recipe, key) != Recipe.model_fields[key].default:
            return f"{key} is for kind: {kind}; this recipe is for {recipe.kind} models: remove {key}."
    if recipe.kind == "causal" and recipe.optimizer == "muon":
        return "optimizer muon is for training from scratch, kind: causal fine-tunes: use adamw or adafactor."
    if recipe.frozen_layers and recipe.packing:
        return "frozen layers are cached by example, which packing would join: remove packing."
    return None


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if first["loc"][0] == "roles" and first["type"] == "literal_error":
        return f"unknown role {first['input']!r} under roles: use {', '.join(ROLES)}."
    return first_fault(error, Recipe)


def recipe_names() -> list[str]:
    """Names of the recipes in the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load_recipe(name_or_path: str | Path, role: str | None = None) -> Recipe:
    """Read a recipe by name or from a YAML file.

    Args:
        name_or_path (`str` or `Path`): a name of `recipe_names()` or a path to a YAML file.
        role (`str`, *optional*): apply the overrides of this role.

    Raises:
        UsageError: if there is no such recipe or it does not match the schema.
    """
    path = config_file(name_or_path, recipe_names(), "No recipe") or RECIPES / f"{name_or_path}.yaml"
    values = read_mapping(path, "recipe")
    recipe = parse_recipe(
        {"name": path.stem, **values}, str(path) if path.parent != RECIPES else f"recipe {path.stem}"
    )
    return recipe.for_role(role) if role else recipe


def show_recipe(recipe: Recipe) -> str:
    """The recipe as YAML with all values, each with a comment that explains it."""
    return "\n".join(_show(recipe, "")) + "\n"


def _show(model: BaseModel, indent: str) -> list[str]:
    lines = []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        lines.append(f"{indent}# {field.description}")
        if isinstance(value, BaseModel):
            lines += [f"{indent}{name}:", *_show(value, indent + "  ")]
        else:
            text = yaml.safe_dump({name: value}, sort_keys=False, width=1000).rstrip()
            lines += [indent + line for line in text.split("\n")]
    return lines
