"""What can go wrong with models. Every message says what was expected, what came, what to do."""


class ModelError(Exception):
    """Base of every error of this package."""


class ManifestError(ModelError):
    """A manifest cannot be read, or says something impossible."""


class UnknownModelError(ModelError):
    """No model of that name is registered."""


class ModelExistsError(ModelError):
    """A model of that name is registered already."""


class ModelRefusedError(ModelError):
    """A model file is not what its manifest says, or not what the project can run."""
