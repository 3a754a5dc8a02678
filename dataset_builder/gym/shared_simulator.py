"""One `Simulator` for all environments of this Python process; it is closed with the last of them."""

import os
import threading
from dataclasses import dataclass

from dataset_builder.simulator.simulator import Simulator


@dataclass
class SharedSimulator:
    """A simulator and the number of environments that use it.

    Example:

    ```python
    shared = acquire()
    episode = shared.simulator.episode()
    shared.release()
    ```
    """

    simulator: Simulator
    users: int = 0

    def release(self) -> None:
        """Give the simulator back; the last user ends its Java process."""
        with _lock:
            self.users -= 1
            if not self.users:
                _shared.pop(os.getpid(), None)
                self.simulator.close()


_lock = threading.Lock()
# By process id, because a forked child (`AsyncVectorEnv`) must not use its parent's connections to Java.
# In the child, the parent's entry stays referenced: freeing its sockets would shut them down for both.
_shared: dict[int, SharedSimulator] = {}


def acquire() -> SharedSimulator:
    """The simulator of this Python process; call `release` once for each call."""
    with _lock:
        if os.getpid() not in _shared:
            _shared[os.getpid()] = SharedSimulator(Simulator())
        shared = _shared[os.getpid()]
        shared.users += 1
        return shared
