"""What is measured of a training: loss curve, exact match, decision accuracy."""
