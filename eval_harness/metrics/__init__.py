"""The harness's figures as `evaluate` modules: each folder loads with `evaluate.load(FOLDER)`.

The arithmetic of a module is in a plain file beside it (`scores.py`, `matching.py`). The harness
imports `scores.py` too: loading `evaluate` takes seconds, and a run needs none of it.
"""
