"""The segmentation model: who of up to three voices speaks in each 20 ms of ten seconds."""
