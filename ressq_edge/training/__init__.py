"""Steps and epochs, on one process or several, and the state from which they go on."""
