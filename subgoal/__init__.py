"""The command line: `subgoal`, one sub-command group per package, and `subgoal quickstart`."""
