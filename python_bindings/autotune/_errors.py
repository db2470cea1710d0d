"""What can be wrong with a set-up, as exceptions. A configuration that fails is not one of them."""


class Error(RuntimeError):
    """A broken set-up. The message says what, with which numbers, and what to do next.

    Attributes:
        code: The kind of problem in one word, the same as in C++: `usage`, `inputs`, `model`,
            `worker`, `device`, `meter`, `profile`, `constraints` or `io`.
    """

    code = "io"


class UsageError(Error, ValueError):
    """An argument has a value that cannot be used."""

    code = "usage"


class InputsError(Error):
    """The example inputs do not fit each other or the model."""

    code = "inputs"


class ModelError(Error):
    """The model cannot be read, or does not run at all."""

    code = "model"


class WorkerError(Error):
    """The process that runs the model is missing, of another version, or keeps dying."""

    code = "worker"


class DeviceError(Error):
    """There is no such device, or another tune holds it."""

    code = "device"


class MeterError(Error):
    """The meter asked for gives no reading."""

    code = "meter"


class ProfileError(Error):
    """A profile cannot be read or written."""

    code = "profile"


class ConstraintsError(Error):
    """Nothing that was measured keeps within the limits."""

    code = "constraints"


class ProfileWarning(UserWarning):
    """A profile does not fit this hardware exactly, or could not be read."""


def make(code: str, message: str) -> Error:
    """The exception for an error of the C++ library."""
    kinds = {kind.code: kind for kind in Error.__subclasses__()}
    return kinds.get(code, Error)(message)
