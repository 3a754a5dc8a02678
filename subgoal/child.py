"""`python -m subgoal.child PARENT ARGUMENTS`: the command line as a child that does not outlive its parent.

A killed parent cannot end its children, and an orphaned training would write into the folder that
the next run continues.
"""

import os
import sys
import threading
import time

from subgoal.cli import main

_LOOK_EVERY = 1.0  # seconds


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os._exit(1)


if __name__ == "__main__":
    # Given, not asked for: the parent may have died while Python started.
    threading.Thread(target=_end_with, args=(int(sys.argv.pop(1)),), daemon=True).start()
    main()
