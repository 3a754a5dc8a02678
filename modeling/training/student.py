"""What differs between the kinds of model in a training: how one starts, is trained, decoded and saved."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.data.encoding import Fitter, Tokenized
from modeling.data.examples import RoleData
from modeling.data.prompt_encoding import PromptFitter
from modeling.recipes.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback

    from modeling.training.clock import TrainingClock
    from modeling.training.trainer import RoleTrainer


@dataclass(frozen=True)
class Examples:
    """The examples of a training as token ids.

    Attributes:
        rows: every training row once.
        train: the examples of an epoch, in which rows may be repeated.
        validation: the validation examples whose loss is measured.

    Example:

    ```python
    rows = tokenize(data.train, range(len(data.train)), student.fitter, target_length=48)
    validation = tokenize(data.validation, range(1000), student.fitter, target_length=48)
    examples = Examples(rows, rows.repeated(balanced_rows(data.train["task"], 0.5)), validation)
    ```
    """

    rows: Tokenized
    train: Tokenized
    validation: Tokenized


@dataclass(frozen=True)
class TrainingFlow:
    """What a trainer needs besides the model and the examples.

    Attributes:
        checkpoints: folder of the checkpoints that the trainer writes.
        name: name of the run in experiment trackers.
        clock: progress of the training.
        callbacks: reporters of losses.
        count_decisions: returns the decision accuracy on validation, 0 to 1; None without decision steps.
        say: prints a line.

    Example:

    ```python
    folder = Path("runs/flat/checkpoints")
    flow = TrainingFlow(folder, "flat", TrainingClock(60), callbacks=None, count_decisions=None, say=print)
    ```
    """

    checkpoints: Path
    name: str
    clock: "TrainingClock"
    callbacks: "list[TrainerCallback] | None"
    count_decisions: Callable[[], float] | None
    say: Callable[[str], None]


class Student(ABC):
    """The model of one training.

    Args:
        role (`str`): one of `ROLES`.
        recipe (`Recipe`): recipe of that role.
        data (`RoleData`): examples of that role.
        folder (`Path`): folder of the checkpoint.

    Attributes:
        model: the module that the trainer optimizes.
        tokenizer: its tokenizer.
        base: `Checkpoint.describe()` of the checkpoint that is fine-tuned; None for training from scratch.
        fitter: turns state texts and targets into token ids.

    Raises:
        UsageError: if the recipe's base cannot be used.
        SubgoalError: if the Hub cannot be reached.

    Example:

    ```python
    class MyStudent(Student):
        def _start(self):
            checkpoint = load_checkpoint(self.recipe.base)
            self.model, self.tokenizer = checkpoint.model, checkpoint.tokenizer
            self.base = checkpoint.describe()
            self.fitter = Fitter(self.tokenizer, self.data.state_text_version, self.recipe.source_length)

        def trainer(self, examples, flow):
            return make_my_trainer(self.model, examples, flow.clock)

        def save(self, examples):
            mark(self)
            self.model.save_pretrained(self.folder)
    ```
    """

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    base: dict[str, Any] | None
    fitter: Fitter | PromptFitter

    def __init__(self, role: str, recipe: Recipe, data: RoleData, folder: Path) -> None:
        self.role, self.recipe, self.data, self.folder = role, recipe, data, folder
        self._start()

    @property
    def whole(self) -> "PreTrainedModel":
        """The model that decodes: `model`, with the layers that the trainer does not see, if any."""
        return self.model

    @abstractmethod
    def _start(self) -> None:
        """Set `model`, `tokenizer`, `base` and `fitter`."""

    @abstractmethod
    def trainer(self, examples: Examples, flow: TrainingFlow) -> "RoleTrainer":
        """The trainer of the model.

        Args:
            examples (`Examples`): training and validation examples.
            flow (`TrainingFlow`): clock, reporters and folders.
        """

    def finish(self) -> None:  # noqa: B027
        """Called once after the training, before answers are decoded."""

    def prompt(self, text: str) -> dict[str, str]:
        """The `prompt` that the model reads for a state text; empty if it reads the text itself."""
        return {}

    @property
    def libraries(self) -> tuple[str, ...]:
        """Distributions whose versions are recorded in addition to those of every training."""
        return ()

    @abstractmethod
    def save(self, examples: Tokenized) -> None:
        """Write weights, tokenizer and configs into the folder, with role, state text and lengths."""


def mark(student: Student) -> None:
    """Write role, state text, held-out tasks and lengths into the configs that are saved."""
    model, data, recipe = student.whole, student.data, student.recipe
    model.config.subgoal_role = student.role
    model.config.state_text_version = data.state_text_version
    model.config.held_out_tasks = list(data.held_out_tasks)
    model.config.use_cache = True  # the trainer turns it off
    student.tokenizer.model_max_length = recipe.source_length
    # The default max_length of 20 would cut answers off.
    generation: Any = model.generation_config
    generation.max_length = None
    generation.max_new_tokens = recipe.target_length


def ground(student: Student, examples: Tokenized) -> None:
    """Learn the constraints of grounded decoding, and write them into the config that is saved."""
    from modeling.inference.grounding import find_grounding

    unique = {row: index for index, row in enumerate(examples.rows)}.values()  # balancing repeats rows
    inputs, labels = ([ids[index] for index in unique] for ids in (examples.inputs, examples.labels))
    find_grounding(inputs, labels, student.tokenizer).mark(student.whole, student.tokenizer)
