"""Between the host and plugin.py: says at build time what the plugin has forgotten to define,
and turns an exception that nobody caught into an error with its traceback in the log. Without
that it would be a trap that says nothing."""

import functools
import traceback

import plugin
from agave import exports
from agave.imports import log
from componentize_py_types import Err


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
