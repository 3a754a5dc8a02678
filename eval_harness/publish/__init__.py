"""Results into the cards of model repositories."""
