"""The networks, the weights that they begin with, and the checkpoint that they are kept in."""
