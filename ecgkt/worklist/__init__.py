"""Many records scored: a folder at the shell, in parts that outlive a crash, or a list on a page."""
