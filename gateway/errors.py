"""The gateway's typed errors. `str(error)` is one line fit for an operator."""


class GatewayError(Exception):
    """Base of the gateway's errors."""


class ConfigurationError(GatewayError):
    """The gateway's configuration cannot be used."""


class EventStoreError(GatewayError):
    """The event store cannot be opened or written."""


class StorageFullError(EventStoreError):
    """There is no room for more: nothing was kept and nothing may be acknowledged."""


class BrokerError(GatewayError):
    """The embedded broker cannot run."""


class EnrolmentError(GatewayError):
    """A device cannot be enrolled with the code that it showed."""


class ClockError(GatewayError):
    """The gateway's own clock cannot be right."""


class DeviceStoreError(GatewayError):
    """What is known of the devices cannot be read or written."""
