"""Rendering: values are escaped, unknown names are errors, and templates are found in the package."""

import pytest
from jinja2 import UndefinedError

from eval_harness.reports.html.rendering import environment, template_text


def test_values_are_escaped() -> None:
    template = environment().from_string("<p>{{ text }}</p>")
    assert template.render(text='<b> & "') == "<p>&lt;b&gt; &amp; &#34;</p>"


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'text' is undefined"):
        environment().from_string("{{ text }}").render()


def test_blocks_leave_no_empty_lines() -> None:
    template = environment().from_string("a\n  {% if true %}\nb\n  {% endif %}\nc")
    assert template.render() == "a\nb\nc"


def test_templates_and_their_styles_belong_to_the_package() -> None:
    assert {"leaderboard.html", "report.html"} <= set(environment().list_templates())
    assert "table" in template_text("report.css")
