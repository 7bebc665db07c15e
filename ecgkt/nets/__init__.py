"""Pure torch: encoders, heads, projector and losses. They know sizes, never paths or label names."""
