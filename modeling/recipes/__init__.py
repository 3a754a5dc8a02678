"""What a training run needs: the schema, and the recipes that come along."""
