"""Sets of recordings that packages ship, as folders that ressq-train takes, and what MiniRocket makes of them."""
