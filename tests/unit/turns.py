"""A call to be timed, in a module that a new process imports in no time."""

import os


def log(path, name):
    """A call that appends its name and its process to a file."""

    def call():
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{name} {os.getpid()}\n")
        return name.upper()

    return call
