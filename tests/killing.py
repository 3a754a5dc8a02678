"""An engine that loses a worker in the middle of its work."""

import os
import signal
from collections.abc import Generator
from typing import Any

from dataset_builder.engines.ray import RayEngine


class KillingEngine(RayEngine):
    """Kills a worker's process after the first result."""

    def map(self, *args: Any, **options: Any) -> Generator[Any, None, None]:
        for number, pair in enumerate(super().map(*args, **options)):
            if number == 0:
                os.kill(self.pids()[0], signal.SIGKILL)
            yield pair
