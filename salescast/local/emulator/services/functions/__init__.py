"""Lambda: errors, logs and packages of functions."""
