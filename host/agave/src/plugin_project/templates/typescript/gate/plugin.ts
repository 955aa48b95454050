// Lets only alerts of some severity through.

import type { Gate } from "agave:plugin/gate@0.1.0";
import type { Lifecycle } from "agave:plugin/lifecycle@0.1.0";
import type { Severity } from "agave:plugin/types@0.1.0";

const severities: Severity[] = ["info", "warning", "critical"];

const configSchema = {
  type: "object",
  properties: {
    "at-least": {
      description: "Alerts below it stay behind.",
      enum: severities,
      default: "warning",
    },
  },
  additionalProperties: false,
};

let atLeast: Severity = "warning";

export const lifecycle: Lifecycle = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Lets only alerts of some severity through",
    configSchema: JSON.stringify(configSchema),
    stateVersion: 1,
    readsState: [],
  }),

  configure(config) {
    // Agave has checked it against the schema.
    atLeast = JSON.parse(config)["at-least"] ?? "warning";
  },

  // It remembers nothing from alert to alert.
  save: () => ({ version: 1, data: new Uint8Array() }),
  restore() {},
};

export const gate: Gate = {
  pass: (alerts) =>
    alerts.filter((alert) => severities.indexOf(alert.severity) >= severities.indexOf(atLeast)),

  // Nothing is held back, so nothing waits for its time.
  tick: () => [],
};
