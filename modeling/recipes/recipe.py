"""Recipes: everything a training run needs, in one YAML file with one schema."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dataset_builder.common.config_files import config_file, first_fault, read_mapping, unknown_key
from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS, get_task
from dataset_builder.trajectories.model_input import ROLES, check_version

RECIPES = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Architecture(_Strict):
    """A T5 from scratch. Left aside when the recipe starts from a checkpoint."""

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
    """Kind of feed-forward layer: relu as in T5, gated-gelu as in T5 1.1."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of activations dropped in training."""
    initialisation: Literal["copying", "plain"] = "copying"
    """First weights: copying starts with attention that can copy words of the input, plain is T5's own."""


class TokenizerRecipe(_Strict):
    """The tokenizer trained on the corpus. Left aside when the recipe starts from a checkpoint."""

    vocab_size: int = Field(default=2048, ge=300)
    """At most so many tokens (256 bytes included)."""
    min_frequency: int = Field(default=2, ge=1)
    """How often a pair of tokens must occur to become one."""


class LoraRecipe(_Strict):
    """Low-rank matrices are trained in place of all weights, and merged into them at the end (peft)."""

    rank: int = Field(default=64, ge=1)
    """Rank of the matrices."""
    alpha: int = Field(default=128, ge=1)
    """Scale: what they add is multiplied by alpha / rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of their inputs dropped in training."""
    layers: Literal["all", "attention"] = "all"
    """Beside which layers: all linear ones, or query and value of a T5's attention."""


class Recipe(_Strict):
    """Everything a training run needs. `roles` holds what differs between the three roles."""

    name: str
    """Name of the recipe."""
    about: str = ""
    """One line for people."""
    base: str | None = None
    """Checkpoint to start from: folder or Hub id (id@revision pins it). None: from scratch."""
    architecture: Architecture = Architecture()
    """Sizes of a model from scratch."""
    tokenizer: TokenizerRecipe = TokenizerRecipe()
    """Tokenizer of a model from scratch."""
    lora: LoraRecipe | None = None
    """Train low-rank matrices in place of all weights: keys rank, alpha, dropout, layers. Needs a base."""
    state_text: str | None = None
    """State-text version that the dataset must hold, such as compact or paper. None: any."""
    source_length: int = Field(default=512, ge=32)
    """Longest input in tokens. What is longer loses its oldest history first."""
    target_length: int = Field(default=48, ge=4)
    """Longest target in tokens. An example with a longer one is left out of training."""
    exclude_tasks: tuple[str, ...] = ()
    """Tasks held out: none of their rows is trained on, nor counts when the checkpoint is chosen."""
    practice: bool = False
    """Also train on the dataset's practice split: paths played again in rearranged worlds."""
    balance: float = Field(default=0.0, ge=0, le=1)
    """Repeats rows of rare tasks: 0 leaves the shares as they are, 1 makes them about equal."""
    rename: float = Field(default=0.0, ge=0, lt=1)
    """Share of the names in an example that are exchanged: the mean; each draws its own, 0 to twice this."""
    vary: float = Field(default=0.0, ge=0, le=1)
    """Chance that an example lists its things in another order and has other readings that compare alike."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Highest learning rate."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the learning rate falls after the warm-up."""
    warmup: float = Field(default=0.03, ge=0, lt=1)
    """Share of the training in which the learning rate rises."""
    epochs: float = Field(default=10, gt=0)
    """Passes over the training split."""
    max_steps: int | None = Field(default=None, ge=1)
    """Stop after so many optimizer steps, in place of `epochs`."""
    max_minutes: float | None = Field(default=None, gt=0)
    """Stop after so many minutes if that comes first; the learning rate falls in time for it."""
    batch_size: int = Field(default=32, ge=1)
    """Examples per device and step."""
    accumulation: int = Field(default=1, ge=1)
    """Batches whose gradients are summed before an optimizer step."""
    optimizer: Literal["adamw", "adafactor", "muon"] = "adamw"
    """Optimizer. muon is for training from scratch: Muon for the matrices, AdamW for the rest."""
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
    """Arithmetic of training: auto is bf16 where GPU or processor has it, else fp32."""
    gradient_checkpointing: bool = False
    """Less memory for more time."""
    evaluate_every: int = Field(default=100, ge=1)
    """Steps between evaluations, each with a checkpoint. The best by validation loss is kept."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many evaluations in a row without a better validation loss. None: never."""
    evaluate_examples: int = Field(default=1000, ge=1)
    """Validation examples in an evaluation (a sample, the same each time)."""
    exact_match_examples: int = Field(default=200, ge=0)
    """Validation examples decoded at the end to count exact targets, by task."""
    report_to: Literal["none", "tensorboard", "trackio"] = "none"
    """Where losses are followed while training; tensorboard and trackio are libraries of their own."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads. None: torch decides."""
    seed: int = Field(default=0, ge=0)
    """Seed of first weights, order of examples and dropout."""
    roles: dict[Literal["controller", "executor", "flat"], dict[str, Any]] = {}
    """Values of single roles, by role; they replace those above."""

    @field_validator("exclude_tasks")
    @classmethod
    def _known_tasks(cls, tasks: tuple[str, ...]) -> tuple[str, ...]:
        chosen = {get_task(task).name for task in tasks}
        return tuple(task for task in TASKS if task in chosen)

    def with_values(self, **values: Any) -> "Recipe":
        """A copy with other values; what is None stays as it is.

        Raises:
            UsageError: for an unknown name or a value out of bounds.
        """
        given = {name: value for name, value in values.items() if value is not None}
        return parse_recipe(self.model_dump() | given, f"recipe {self.name}")

    def for_role(self, role: str) -> "Recipe":
        """The recipe of one role: its values taken over, no `roles` left.

        Raises:
            UsageError: for an unknown role.
        """
        if role not in ROLES:
            raise UsageError(f"Unknown role {role!r}: use one of {', '.join(ROLES)}.")
        own = self.roles.get(role, {})  # type: ignore[call-overload]
        return parse_recipe(_merged(self.model_dump(), own) | {"roles": {}}, f"recipe {self.name}")


def _merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Values with changes; of `architecture` and `tokenizer` single entries can change."""
    merged = dict(values)
    for name, change in changes.items():
        both = isinstance(change, dict) and isinstance(merged.get(name), dict)
        merged[name] = merged[name] | change if both else change
    return merged


def parse_recipe(values: Mapping[str, Any], source: str) -> Recipe:
    """Check values against the schema.

    Args:
        values (`Mapping[str, Any]`): field name → value.
        source (`str`): what to call the recipe in an error.

    Raises:
        UsageError: for an unknown key (the message names the nearest), a missing or a bad value.
    """
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise UsageError(f"{source}: {_explain(error)}") from None
    except UsageError as error:  # an unknown task
        raise UsageError(f"{source}: exclude_tasks: {error}") from None
    for role, overrides in recipe.roles.items():
        unknown = next(
            (key for key in overrides if key in ("roles", "name") or key not in Recipe.model_fields), None
        )
        if unknown is not None:
            raise UsageError(f"{source}: {unknown_key(f'roles.{role}.{unknown}', Recipe)}")
        # A bad value must not wait until its role is trained.
        parse_recipe(_merged(recipe.model_dump(), overrides) | {"roles": {}}, f"{source}, roles.{role}")
    if recipe.state_text is not None:
        check_version(recipe.state_text)
    if recipe.base is None and recipe.architecture.d_model % recipe.architecture.heads:
        raise UsageError(f"{source}: architecture.d_model must be a multiple of architecture.heads.")
    return recipe


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if first["loc"][0] == "roles" and first["type"] == "literal_error":
        return f"unknown role {first['input']!r} under roles: use {', '.join(ROLES)}."
    return first_fault(error, Recipe)


def recipe_names() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load_recipe(name_or_path: str | Path, role: str | None = None) -> Recipe:
    """Read a recipe by name or from a YAML file.

    Args:
        name_or_path (`str` or `Path`): a name of `recipe_names()` or a path to a YAML file.
        role (`str`, *optional*): take over this role's values.

    Raises:
        UsageError: if there is no such recipe or it does not follow the schema.
    """
    path = config_file(name_or_path, recipe_names(), "No recipe") or RECIPES / f"{name_or_path}.yaml"
    values = read_mapping(path, "recipe")
    recipe = parse_recipe(
        {"name": path.stem, **values}, str(path) if path.parent != RECIPES else f"recipe {path.stem}"
    )
    return recipe.for_role(role) if role else recipe


def show_recipe(recipe: Recipe) -> str:
    """The recipe as YAML with every default, each line with what it is for."""
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
