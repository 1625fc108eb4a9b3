"""The Draw page: a drawing, a sample or a photograph on top, and below it what a network makes of it."""
