"""From a clone to a first prediction, by the commands of the README alone."""
