"""What int8's 256 values of a tensor are spread over."""

from dataclasses import dataclass

STEPS = 255  # between int8's 256 values


@dataclass(frozen=True)
class Range:
    """Smallest and largest value that int8 must represent; zero is always among them."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """From end to end."""
        return self.high - self.low

    def scaled(self, factor: float) -> "Range":
        """The range that is so many times as wide, with the same zero point."""
        return Range(self.low * factor, self.high * factor)


# A tensor's name -> its range. `float` is the input as a float, `centred` that less 128.
Ranges = dict[str, Range]
