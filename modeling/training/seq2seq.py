"""Training of seq2seq models: a T5 from scratch, or any seq2seq checkpoint, whole or with LoRA."""

from typing import TYPE_CHECKING

from modeling.checkpoints.load import load_checkpoint
from modeling.checkpoints.training_record import CHECKPOINTS
from modeling.data.augmentation import AugmentationConfig, Counterfactuals, Names, VariedExamples, find_names
from modeling.data.decisions import decision_rows
from modeling.data.encoding import Fitter, Tokenized
from modeling.data.tokenizer import save_tokenizer, train_tokenizer
from modeling.runtime.distributed import first_then_others, on_first
from modeling.training.checks import check_held_out, check_lengths
from modeling.training.model_init import add_lora, build_model, choose_attention, merge_lora
from modeling.training.student import Examples, Student, TrainingFlow, ground, mark

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from modeling.training.trainer import RoleTrainer


class Seq2SeqStudent(Student):
    """A T5 from scratch, or a seq2seq checkpoint. LoRA matrices are merged at the end.

    Example:

    ```python
    recipe = load_recipe("scratch-tiny", "executor")
    data = load_role("executor", "release/dataset")
    student = Seq2SeqStudent("executor", recipe, data, Path("runs/executor"))
    student.trainer(examples, flow).train()
    student.save(examples.train)
    ```
    """

    def _start(self) -> None:
        from dataset_builder.simulator.vocabulary import simulator_words

        recipe = self.recipe
        if recipe.base is not None:
            name = recipe.base
            checkpoint = first_then_others(lambda: load_checkpoint(name, kinds=("seq2seq",)))
            check_lengths(checkpoint, recipe)
            check_held_out(checkpoint, recipe)
            self.model = add_lora(checkpoint.model, recipe.lora) if recipe.lora else checkpoint.model
            self.tokenizer, self.base = checkpoint.tokenizer, checkpoint.describe()
        else:
            self.tokenizer = on_first(lambda: self._own_tokenizer(simulator_words()))
            self.model = build_model(recipe.architecture, self.tokenizer, recipe.seed)
            self.base = None
        choose_attention(self.model)
        self.fitter = Fitter(self.tokenizer, self.data.state_text_version, recipe.source_length)

    def _own_tokenizer(self, words: list[str]) -> "PreTrainedTokenizerBase":
        """A tokenizer trained on the corpus; when resuming, that of the last checkpoint."""
        from transformers import AutoTokenizer

        from modeling.training.trainer import last_checkpoint

        last = last_checkpoint(self.folder / CHECKPOINTS)
        if last is not None:
            return AutoTokenizer.from_pretrained(last)
        texts = [text for column in ("input", "target") for text in self.data.train[column]]
        plan = self.recipe.tokenizer
        return train_tokenizer(texts, plan.vocab_size, plan.min_frequency, self.recipe.source_length, words)

    def trainer(self, examples: Examples, flow: TrainingFlow) -> "RoleTrainer":
        """A `Seq2SeqTrainer` on examples whose augmentation differs in each epoch."""
        from transformers import DataCollatorForSeq2Seq

        from modeling.training.arguments import seq2seq_arguments
        from modeling.training.trainer import Seq2SeqRoleTrainer

        names, held_out = self._find_names(examples.rows, flow), examples.validation
        return Seq2SeqRoleTrainer(
            model=self.model,
            args=seq2seq_arguments(self.recipe, flow.checkpoints, flow.name),
            callbacks=flow.callbacks,
            train_dataset=self._varied(examples.train, names),
            eval_dataset=VariedExamples(held_out.inputs, held_out.labels, Names(), 0.0, self.recipe.seed),
            processing_class=self.tokenizer,
            # Kernels for bf16 are compiled for each shape, so there should be few of them.
            data_collator=DataCollatorForSeq2Seq(self.tokenizer, model=self.model, pad_to_multiple_of=8),
            recipe=self.recipe,
            clock=flow.clock,
            count_decisions=flow.count_decisions,
        )

    def _find_names(self, rows: Tokenized, flow: TrainingFlow) -> Names:
        """The names that augmentation may replace."""
        if not self.recipe.rename:
            return Names()
        names = find_names(rows.inputs, rows.labels, self.tokenizer)
        if not names.words:
            flow.say(f"{self.role}: this tokenizer has no names to replace.")
        return names

    def _varied(self, examples: Tokenized, names: Names) -> VariedExamples:
        recipe, fitter = self.recipe, self.fitter
        deciding = set(decision_rows(self.data.train))
        counterfactuals = Counterfactuals(
            chance=recipe.counterfactual,
            decisions=frozenset(index for index, row in enumerate(examples.rows) if row in deciding),
            evidence_only=recipe.evidence_only,
        )
        rewriting = AugmentationConfig(
            examples.texts,
            examples.targets,
            lambda text: fitter.encode([text])[0][0],
            lambda target: fitter.encode_targets([target])[0],
            recipe.vary,
            counterfactuals if recipe.counterfactual or recipe.evidence_only else None,
        )
        longest = recipe.source_length
        return VariedExamples(
            examples.inputs, examples.labels, names, recipe.rename, recipe.seed, longest, rewriting
        )

    def finish(self) -> None:
        """Merge LoRA matrices into the weights."""
        self.model = merge_lora(self.model)

    def save(self, examples: Tokenized) -> None:
        """Write a checkpoint that `AutoModelForSeq2SeqLM` opens."""
        mark(self)
        ground(self, examples)
        self.model.save_pretrained(self.folder)
        save_tokenizer(self.tokenizer, self.folder)
