"""The progress bar of a training."""

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from modeling.training.clock import TrainingClock


class ProgressBar(TrainerCallback):
    """Shows steps, losses and time on a rich progress bar.

    Example:

    ```python
    bar = ProgressBar("train executor", clock, Console())
    trainer.add_callback(bar)
    trainer.train()
    bar.stop()
    ```
    """

    def __init__(self, title: str, clock: TrainingClock, console: Console) -> None:
        self.clock = clock
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
        )
        self._task = self._progress.add_task(title, total=1.0, figures="")
        self._figures: dict[str, str] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._progress.start()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._figures["step"] = f"{state.global_step}"
        self._show(self.clock.share(state.global_step, state.max_steps))

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        for key, name in (
            ("loss", "loss"),
            ("eval_loss", "validation loss"),
            ("eval_decisions", "right decisions"),
        ):
            if key in (logs or {}):
                self._figures[name] = f"{(logs or {})[key]:.3f}"
        self._show(None)

    def _show(self, share: float | None) -> None:
        figures = ", ".join(f"{name} {value}" for name, value in self._figures.items())
        self._progress.update(self._task, completed=share, figures=figures)

    def stop(self) -> None:
        """Stop updating the bar."""
        self._progress.stop()
