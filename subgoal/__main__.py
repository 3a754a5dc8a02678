"""`python -m subgoal` is `subgoal`."""

from subgoal.cli import main

if __name__ == "__main__":
    main()
