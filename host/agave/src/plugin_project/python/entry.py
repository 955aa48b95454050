"""Between the host and plugin.py: says at build time what the plugin has forgotten to define,
turns an exception that nobody caught into an error with its traceback in the log, and sends what
is printed there too. Without that both would be traps that say nothing."""

import functools
import linecache
import sys
import traceback

import plugin
from agave import exports
from agave.imports import log
from componentize_py_types import Err


class Printed:
    """What `print` writes, as lines of the log."""

    def __init__(self, level):
        self.level = level
        self.line = ""

    def write(self, text):
        *lines, self.line = (self.line + text).split("\n")
        for line in lines:
            log.write(self.level, line)
        return len(text)

    def flush(self):
        pass


sys.stdout = Printed(log.Level.INFO)
sys.stderr = Printed(log.Level.WARN)
# A traceback would look for the source, and there are no files.
linecache.updatecache = lambda *given, **named: []


def guarded(function, may_fail):
    @functools.wraps(function)
    def call(self, *given):
        try:
            return function(self, *given)
        except Err:
            raise
        except Exception as error:
            log.write(log.Level.ERROR, traceback.format_exc())
            if may_fail:
                raise Err(f"{type(error).__name__}: {error}") from error
            raise

    return call


def exported(name, may_fail, cannot_fail=()):
    given = getattr(plugin, name, None)
    functions = {}
    for function in [*may_fail, *cannot_fail]:
        own = getattr(given, function, None)
        if own is None or own is getattr(getattr(exports, name), function):
            raise Exception(f"plugin.py has to define the class {name} with the function {function}")
        functions[function] = guarded(own, function in may_fail)
    return type(name, (given,), functions)


Lifecycle = exported("Lifecycle", ["configure", "restore"], ["describe", "save"])
{{Role}} = exported("{{Role}}", {{may_fail}}, {{cannot_fail}})
