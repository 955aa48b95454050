// Between the host and the plugin: says at build time what the plugin has forgotten to export,
// and where in it something went wrong that its author did not mean.

import "./runtime.js";
import * as plugin from "{{source}}";

function exported(name, functions) {
  const own = plugin[name];
  for (const each of functions) {
    if (typeof own?.[each] !== "function") {
      throw new Error(`{{file}} has to export \`${name}\` with the function \`${each}\``);
    }
  }
  const guarded = (each) => (...given) => {
    try {
      return own[each](...given);
    } catch (error) {
      // A text or a plain Error is meant for the user; the others are slips.
      if (error instanceof Error && error.name !== "Error") console.error(error);
      throw error;
    }
  };
  return Object.fromEntries(functions.map((each) => [each, guarded(each)]));
}

export const lifecycle = exported("lifecycle", ["describe", "configure", "save", "restore"]);
export const {{role}} = exported("{{role}}", [{{functions}}]);
