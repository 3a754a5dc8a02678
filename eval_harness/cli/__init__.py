"""The command line of evaluation, one file per group of commands."""
