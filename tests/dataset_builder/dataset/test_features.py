"""Columns of the configurations."""

from dataset_builder.dataset.features import CONFIGS, columns, features


def test_each_configuration_has_typed_and_explained_columns() -> None:
    assert CONFIGS[0] == "trajectories"
    for config in CONFIGS:
        assert set(features(config)) == set(columns(config))
        assert all(column.meaning for column in columns(config).values())
    assert {"input", "target", "state_text_version"} <= set(features("executor"))
    assert {"look", "subgoal", "score"} <= set(features("exemplars"))
