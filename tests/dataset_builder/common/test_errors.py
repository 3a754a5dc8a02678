"""Texts in messages are short and on one line."""

from dataset_builder.common.errors import SimulatorError, UsageError, clip, one_line


def test_texts_are_made_one_line_and_cut() -> None:
    assert one_line(ValueError("a\n  b\tc")) == "a b c"
    assert one_line("a\nbcdef", 3) == "a b…"
    assert (clip("x" * 60), clip("x" * 61)) == ("x" * 60, "x" * 60 + "…")


def test_exit_codes_distinguish_usage_errors_from_failures() -> None:
    assert (UsageError("x").exit_code, SimulatorError("x").exit_code) == (2, 1)
