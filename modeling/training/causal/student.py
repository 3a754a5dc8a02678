"""Training of causal models (Llama, Qwen, SmolLM, …) with trl: whole, with LoRA, or the upper layers only."""

from typing import TYPE_CHECKING

from modeling.checkpoints.description import ModelDescription
from modeling.checkpoints.load import load_checkpoint
from modeling.data.encoding import Tokenized
from modeling.data.prompt_encoding import PromptFitter
from modeling.data.tokenizer import save_tokenizer
from modeling.prompts.target import TargetPattern
from modeling.prompts.template import load_template
from modeling.runtime.distributed import first_then_others
from modeling.training.causal.model import causal_parts, causal_trainer
from modeling.training.checks import check_held_out, check_prompt_length
from modeling.training.student import Examples, Student, TrainingFlow, ground, mark

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel

    from modeling.training.trainer import RoleTrainer


class CausalStudent(Student):
    """A causal checkpoint that learns to answer prompts. With LoRA, the result is an adapter folder.

    Example:

    ```python
    recipe = load_recipe("smollm2-135m", "flat")
    student = CausalStudent("flat", recipe, load_role("flat", "release/dataset"), Path("runs/flat"))
    student.trainer(examples, flow).train()
    student.save(examples.train)
    ```
    """

    def _start(self) -> None:
        recipe = self.recipe
        assert recipe.base is not None  # see `check_recipe`
        name = recipe.base
        checkpoint = first_then_others(lambda: load_checkpoint(name, kinds=("causal",)))
        check_prompt_length(checkpoint, recipe)
        check_held_out(checkpoint, recipe)
        self.tokenizer, self.base = checkpoint.tokenizer, checkpoint.describe()
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token  # padding is masked by position
        template = load_template(recipe.prompt)
        self.fitter = PromptFitter(
            self.tokenizer,
            template,
            self.data.state_text_version,
            recipe.source_length,
            self.role,
            TargetPattern(),
        )
        self.parts = causal_parts(checkpoint, recipe)
        self.model = self.parts.trained

    @property
    def whole(self) -> "PreTrainedModel":
        """The model with all its layers, which share the weights that are trained."""
        return self.parts.whole

    def trainer(self, examples: Examples, flow: TrainingFlow) -> "RoleTrainer":
        """An `SFTTrainer` on token ids with a mask of the answers."""
        return causal_trainer(
            self.parts,
            self.recipe,
            self.tokenizer,
            _dataset(examples.train),
            _dataset(examples.validation),
            flow,
        )

    def prompt(self, text: str) -> dict[str, str]:
        """The `prompt` as the tokenizer's chat template writes it."""
        ids, _ = self.fitter.encode([text])
        return {"prompt": str(self.tokenizer.decode(ids[0]))}

    @property
    def libraries(self) -> tuple[str, ...]:
        """trl, and peft if it was used."""
        return ("trl", "peft") if self.recipe.lora else ("trl",)

    def save(self, examples: Tokenized) -> None:
        """Write a checkpoint that `AutoModelForCausalLM` opens, or an adapter folder, and how it is asked."""
        mark(self)
        ground(self, examples)
        self.parts.whole.save_pretrained(self.folder)
        save_tokenizer(self.tokenizer, self.folder)
        description = ModelDescription().merged(
            role=self.role,
            state_text=self.data.state_text_version,
            prompt=self.recipe.prompt,
            target=str(TargetPattern()),
            max_new_tokens=self.recipe.target_length,
            held_out_tasks=self.data.held_out_tasks
            if self.recipe.lora and self.data.held_out_tasks
            else None,
        )
        description.save(self.folder)


def _dataset(examples: Tokenized) -> "Dataset":
    """Columns `input_ids` (prompt and answer) and `completion_mask` (1 for tokens of the answer)."""
    from datasets import Dataset

    return Dataset.from_dict(
        {
            "input_ids": [
                [*prompt, *answer] for prompt, answer in zip(examples.inputs, examples.labels, strict=True)
            ],
            "completion_mask": [
                [0] * len(prompt) + [1] * len(answer)
                for prompt, answer in zip(examples.inputs, examples.labels, strict=True)
            ],
        }
    )
