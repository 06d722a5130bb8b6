"""What the owner prints: batches of cards, their design, and sheets that are read back."""
