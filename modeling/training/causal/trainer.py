"""trl's `SFTTrainer` in a training by recipe."""

from typing import Any

import torch
from torch.nn import functional
from trl import SFTTrainer

from modeling.runtime.distributed import world_size
from modeling.training.trainer import RoleTrainer


class CausalRoleTrainer(RoleTrainer, SFTTrainer):
    """The trainer of causal models: the loss is that of the answer's tokens.

    Example:

    ```python
    trainer = CausalRoleTrainer(
        model=model, args=causal_arguments(recipe, Path("runs/flat/checkpoints"), "flat"),
        train_dataset=train, eval_dataset=validation, processing_class=tokenizer,
        recipe=recipe, clock=TrainingClock(max_minutes=60),
    )
    trainer.train()
    ```
    """

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of `SFTTrainer`, which takes several times as long on CPUs.

        There it computes the logits of every position, and the vocabulary is most of the work of a small
        model. Here only those of the answer are computed.
        """
        if self.args.device.type != "cpu" or world_size() > 1 or return_outputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        whole = model.get_base_model() if hasattr(model, "get_base_model") else model
        rest = {name: value for name, value in inputs.items() if name != "labels"}
        hidden = getattr(whole, whole.base_model_prefix)(**rest, use_cache=False).last_hidden_state[:, :-1]
        targets = inputs["labels"][:, 1:]
        answered = targets != -100
        logits = whole.get_output_embeddings()(hidden[answered]).float()
        total = functional.cross_entropy(logits, targets[answered], reduction="sum")
        count = answered.sum() if num_items_in_batch is None else torch.as_tensor(num_items_in_batch)
        return total / count.clamp(min=1)
