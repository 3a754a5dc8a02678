"""`python -m subgoal.child PARENT_PID ARGUMENTS`: the command line in a process that ends with its parent.

A killed parent cannot stop its children, and an orphaned training would write into the folder that the next
run resumes.
"""

import os
import sys
import threading
import time

from subgoal.cli import main

_POLL_SECONDS = 1.0


def _exit_with(parent: int) -> None:
    # A process whose parent has died gets another parent.
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    # The parent passes its id: asked here, `getppid` would be wrong if it died while Python started.
    threading.Thread(target=_exit_with, args=(int(sys.argv.pop(1)),), daemon=True).start()
    main()
