"""Training of the models of voice-prints: the speaker model and the segmentation model."""
