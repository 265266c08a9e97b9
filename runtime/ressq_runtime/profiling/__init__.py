"""`--profile`: what an answer costs on this device, and on what device that was."""
