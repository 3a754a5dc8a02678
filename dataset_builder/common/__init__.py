"""What all packages share: errors, stores, console."""
