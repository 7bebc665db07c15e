"""Where a score came from, with the doubt that belongs to it."""
