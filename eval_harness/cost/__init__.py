"""What language models cost, and when paying once is cheaper."""
