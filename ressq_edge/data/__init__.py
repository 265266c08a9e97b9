"""Pictures before the network sees them: what they look like, which part they are in, and the views drawn of them."""
