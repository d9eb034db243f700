"""Items of a transcript as segments: values that are laid out, searched and copied one by one. No widgets."""
