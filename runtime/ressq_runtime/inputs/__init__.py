"""What goes into a model, one module a kind of input."""
