"""The steps that an endpoint's recipe is made of. Each can be entered again after it was interrupted."""
