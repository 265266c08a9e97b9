"""The out-of-distribution score: how far a picture lies from the training pictures, computed inside the file."""
