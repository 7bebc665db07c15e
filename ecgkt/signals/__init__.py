"""The one preprocessing, and the quality of a recording."""
