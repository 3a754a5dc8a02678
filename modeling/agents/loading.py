"""Loading a model by whatever names it: a folder, a Hub id, a model description, or `openai:MODEL`."""

from modeling.agents.decoding import Decoding
from modeling.agents.local_model import LocalModel
from modeling.agents.role_model import RoleModel
from modeling.agents.served_model import ServedModel
from modeling.checkpoints.description import (
    ModelDescription,
    ModelSettings,
    is_description,
    load_description,
)


def load_role_model(
    name: str,
    role: str | None = None,
    revision: str | None = None,
    decoding: Decoding | None = None,
    settings: ModelSettings | None = None,
) -> RoleModel:
    """A model in its role, of any kind.

    Args:
        name (`str`): folder, Hub id (`id@revision` pins it), YAML file of a model description, or
            `openai:MODEL`.
        role (`str`, *optional*): role of a model that has none of its own.
        revision (`str`, *optional*): revision of a Hub id that does not name one.
        decoding (`Decoding`, *optional*): how its answers are searched for.
        settings (`ModelSettings`, *optional*): fills in what the model does not say itself.

    Raises:
        UsageError: if it cannot be loaded, or not enough is known about it.
        SubgoalError: if the Hub cannot be reached.
    """
    description = load_description(name) if is_description(name) else ModelDescription(id=name)
    if revision is not None and description.revision is None and not description.served:
        description = description.merged(revision=revision)
    return load_described(description, role, decoding, settings)


def load_described(
    description: ModelDescription,
    role: str | None = None,
    decoding: Decoding | None = None,
    settings: ModelSettings | None = None,
) -> RoleModel:
    """The model of a description. Arguments and errors as for `load_role_model`."""
    settings = settings or ModelSettings()
    assert description.id is not None
    if description.served:
        return ServedModel(description, role, decoding, settings)
    return LocalModel.from_pretrained(
        description.id, description.revision, decoding, description, settings.description(), role
    )
