"""From a picture's file to upright RGB, within a bounded memory."""
