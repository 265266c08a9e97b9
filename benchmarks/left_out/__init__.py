"""Networks that never saw a kind of picture, and what tells them so: folders, features, scores."""
