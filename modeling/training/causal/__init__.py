"""Training of causal models: all layers, LoRA, or the upper layers on cached outputs of the lower ones."""
