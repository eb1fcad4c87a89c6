"""The speaker model: a small network that learns from labels and from CAM++, the teacher."""
