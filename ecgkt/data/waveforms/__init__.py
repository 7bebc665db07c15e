"""Waveforms stored once, mapped from then on, and what the encoder sees of them."""
