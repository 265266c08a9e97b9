"""`ressq-serve`: one classifier that stays and answers over HTTP, with a page."""
