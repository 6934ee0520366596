"""One small object per service of the box."""
