"""Operations on images: `(height, width, channels)`, `(channels, height, width)`, or batches of such."""
