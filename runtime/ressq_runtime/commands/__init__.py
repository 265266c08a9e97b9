"""The commands of the device, a module each."""
